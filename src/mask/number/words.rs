//! Words beside a number, which tell what it is.

/// Words before a number that nobody is known by. Latin ones are in [`super::Reading::is_neutral`].
pub(super) const NEUTRAL: [&str; 66] = [
    "订单",
    "单号",
    "单号码",
    "单编号",
    "工单",
    "运单",
    "快递号",
    "物流号",
    "流水",
    "流水号",
    "流水号码",
    "交易号",
    "交易码",
    "事件号",
    "事件",
    "编号",
    "编码",
    "序列号",
    "序列码",
    "序号",
    "串号",
    "串码",
    "批号",
    "批次",
    "批次号",
    "货号",
    "款号",
    "条码",
    "条形码",
    "二维码",
    "型号",
    "版本",
    "版本号",
    "发票",
    "发票号",
    "发票号码",
    "税号",
    "信用代码",
    "合同号",
    "凭证号",
    "参考号",
    "检索号",
    "卡密",
    "兑换码",
    "激活码",
    "验证码",
    "优惠码",
    "邀请码",
    "取件码",
    "追溯码",
    "追踪码",
    "商家码",
    "房间号",
    "直播间",
    "期号",
    "受理号",
    "票号",
    "机身号",
    "机身码",
    "设备号",
    "设备码",
    "角色号",
    "户号",
    "车架号",
    "发动机号",
    "群号",
];

/// Latin words before such a number.
pub(super) const NEUTRAL_LATIN: [&str; 14] = ["no", "sn", "imei", "meid", "sku", "spu", "order", "code", "ref", "trace", "tracking", "ean", "lot", "isbn"];

/// What says that a number is an order's or a parcel's: even one that would be an identity card's.
pub(super) const ORDER: [&str; 12] = ["订单", "订单号", "订单号码", "订单编号", "单号", "流水", "流水号", "流水单号", "运单", "运单号", "快递单", "快递单号"];

pub(super) const IDENTITY: [&str; 12] =
    ["身份证", "身份证编号", "证件编号", "身份证号", "身份证号码", "证件号", "证件号码", "身份证件", "身份号码", "证号", "证号码", "sfz"];
pub(super) const CARD: [&str; 12] =
    ["卡号", "卡号码", "银行卡", "储蓄卡", "信用卡", "借记卡", "工资卡", "贷记卡", "银行账号", "银行帐号", "银行账户", "银行帐户"];
/// Cards of shops and games are no bank cards.
pub(super) const OTHER_CARDS: [&str; 13] = ["会员", "礼品", "点", "充值", "购物", "储值", "加油", "积分", "提货", "流量", "月", "电话", "游戏"];
pub(super) const PHONE: [&str; 17] =
    ["电话", "电话号", "电话号码", "手机", "手机号", "手机号码", "座机", "固话", "联系方式", "联系", "联络", "致电", "拨打", "来电", "tel", "phone", "mobile"];
pub(super) const LANDLINE: [&str; 9] = ["电话", "电话号", "电话号码", "座机", "座机号", "座机号码", "固话", "固话号码", "固定电话"];
/// Latin words that may be glued to a phone number.
pub(in crate::mask) const LATIN_PHONE: [&str; 12] = ["tel", "phone", "mobile", "mob", "call", "cell", "dh", "sj", "vx", "wx", "qq", "wechat"];
