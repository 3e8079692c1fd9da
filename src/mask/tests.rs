use super::*;
use proptest::prelude::*;

/// Texts and what they are masked to; the kind of the first find.
const MASKED: &[(Personal, &str, &str)] = &[
    (Personal::Mobile, "我手机号13812345678收不到验证码", "我手机号138********收不到验证码"),
    (Personal::Mobile, "13912345678", "139********"),
    (Personal::Mobile, "13812345678，密码＊＊＊＊", "138********，密码＊＊＊＊"),
    (Personal::Mobile, "联系我 138 1234 5678 谢谢", "联系我 138 **** **** 谢谢"),
    (Personal::Mobile, "电话138-1234-5678", "电话138-****-****"),
    (Personal::Mobile, "电话138.1234.5678", "电话138.****.****"),
    (Personal::Mobile, "电话138/1234/5678", "电话138/****/****"),
    (Personal::Mobile, "打138，1234，5678找我", "打138，****，****找我"),
    (Personal::Mobile, "138_1234_5678", "138_****_****"),
    (Personal::Mobile, "138*1234*5678", "138**********"),
    (Personal::Mobile, "一三八 1234 5678", "一三八 **** ****"),
    (Personal::Mobile, "打1381234567八", "打138********"),
    (Personal::Mobile, "138 一二三四 5678", "138 **** ****"),
    (Personal::Mobile, "美国号+1 (415) 555-2671", "美国号+1 (***) ***-****"),
    (Personal::Mobile, "+1-415-555-2671打不通", "+1-***-***-****打不通"),
    (Personal::Mobile, "我电话+44 7911 123456", "我电话+44 **** ******"),
    (Personal::Mobile, "+447911123456", "+44**********"),
    (Personal::Mobile, "+65 9123 4567", "+65 **** ****"),
    (Personal::Landline, "打62345678转123", "打********转123"),
    (Personal::Landline, "62345678分机8001", "********分机8001"),
    (Personal::Mobile, "打+86 13812345678", "打+86 138********"),
    (Personal::Mobile, "打+86-138-1234-5678", "打+86-138-****-****"),
    (Personal::Mobile, "008613812345678", "0086138********"),
    (Personal::Mobile, "8613812345678一直占线", "86138********一直占线"),
    (Personal::Mobile, "(+86)13812345678", "(+86)138********"),
    (Personal::Mobile, "号码１３８１２３４５６７８换绑", "号码１３８********换绑"),
    (Personal::Mobile, "１３８－１２３４－５６７８", "１３８－****－****"),
    (Personal::Mobile, "打一三八一二三四五六七八找我", "打一三八********找我"),
    (Personal::Mobile, "幺三八 幺二三四 五六七八", "幺三八 **** ****"),
    (Personal::Mobile, "1 3 8 1 2 3 4 5 6 7 8", "1 3 8 * * * * * * * *"),
    (Personal::Mobile, "手机1381234 5678", "手机138**** ****"),
    (Personal::Mobile, "手机138 12345678", "手机138 ********"),
    (Personal::Mobile, "13812345678/13912345678都打过", "138********/139********都打过"),
    (Personal::Mobile, "13812345678、19912345678", "138********、199********"),
    (Personal::Mobile, "tel:13812345678", "tel:138********"),
    (Personal::Mobile, "Tel13812345678", "Tel138********"),
    (Personal::Mobile, "13812345678微信同号", "138********微信同号"),
    (Personal::Mobile, "13812345678vx同号", "138********vx同号"),
    (Personal::Mobile, "我的账号是17012345678，密码忘了", "我的账号是170********，密码忘了"),
    (Personal::Mobile, "尾号5678的13812345678没收到", "尾号5678的138********没收到"),
    (Personal::Mobile, "虚拟号13812345678-1234", "虚拟号138********-1234"),
    (Personal::Mobile, "订单号20231012345 电话13812345678", "订单号20231012345 电话138********"),
    (Personal::Mobile, "订单 20231012 13812345678", "订单 20231012 138********"),
    (Personal::Mobile, "香港号码+852 9123 4567", "香港号码+852 912* ****"),
    (Personal::Mobile, "+85261234567", "+852612*****"),
    (Personal::Mobile, "+886 912 345 678", "+886 912 *** ***"),
    (Personal::Mobile, "+886912345678", "+886912******"),
    (Personal::Mobile, "我的手機0912-345-678", "我的手機091*-***-***"),
    (Personal::Mobile, "手機0912345678", "手機091*******"),
    (Personal::IdCard, "身份证11010519491231002X", "身份证110***************"),
    (Personal::IdCard, "我的是11010519491231002x不对", "我的是110***************不对"),
    (Personal::IdCard, "110105１９４９１２３１００２Ｘ", "110***************"),
    (Personal::IdCard, "110105 19491231 002X", "110*** ******** ****"),
    (Personal::IdCard, "号是44052419880101002x", "号是440***************"),
    (Personal::IdCard, "实名 34052419800101001X 被占用", "实名 340*************** 被占用"),
    (Personal::IdCard, "身份证号是110105194912310021", "身份证号是110***************"),
    (Personal::IdCard, "证件号码：110105194912310021", "证件号码：110***************"),
    (Personal::IdCard, "老身份证 110105491231002", "老身份证 110************"),
    (Personal::IdCard, "身份证编号110105194912310021", "身份证编号110***************"),
    (Personal::IdCard, "身分證A123456789", "身分證A*********"),
    (Personal::IdCard, "我的是F131104093不对", "我的是F*********不对"),
    (Personal::Document, "护照E12345678", "护照E********"),
    (Personal::Document, "护照号码：G12345678过期", "护照号码：G********过期"),
    (Personal::Document, "護照EA1234567", "護照E********"),
    (Personal::Document, "港澳通行证C12345678", "港澳通行证C********"),
    (Personal::BankCard, "卡号6222021234567890123", "卡号622202*************"),
    (Personal::BankCard, "银行卡6222 0212 3456 7890 123被冻结", "银行卡6222 02** **** **** ***被冻结"),
    (Personal::BankCard, "充到4111111111111111里了", "充到411111**********里了"),
    (Personal::BankCard, "4111-1111-1111-1111", "4111-11**-****-****"),
    (Personal::BankCard, "5555555555554444", "555555**********"),
    (Personal::BankCard, "刷了378282246310005", "刷了378282*********"),
    (Personal::BankCard, "信用卡：４１１１１１１１１１１１１１１１", "信用卡：４１１１１１**********"),
    (Personal::BankCard, "储蓄卡 9558801234567890123", "储蓄卡 955880*************"),
    (Personal::Email, "发到zhang@corp.cn.4室567", "发到*****@corp.cn.*****"),
    (Personal::Email, "地址：zhang@qq.com上海市浦东新区张江路123弄5号602室", "地址：*****@qq.com上海市浦东新区*************"),
    (Personal::Email, "发到zhang.san@example.com吧", "发到*********@example.com吧"),
    (Personal::Email, "邮箱123456789@qq.com", "邮箱*********@qq.com"),
    (Personal::Email, "13812345678@139.com", "***********@139.com"),
    (Personal::Email, "我的ａｂｃ＠qq.com收不到", "我的***＠qq.com收不到"),
    (Personal::Email, "发zhangsan(at)gmail.com吧", "发********(at)gmail.com吧"),
    (Personal::Email, "zhangsan（at）gmail.com", "********（at）gmail.com"),
    (Personal::Email, "邮箱123456(at)qq.com", "邮箱******(at)qq.com"),
    (Personal::Email, "邮箱zhangsan @ qq.com", "邮箱******** @ qq.com"),
    (Personal::Email, "邮箱：张三@公司.com", "邮箱：**@公司.com"),
    (Personal::Email, "zhangsan@公司.cn", "********@公司.cn"),
    (Personal::Email, "123456789@qq", "*********@qq"),
    (Personal::Email, "mail a_b+c@mail.example.com.cn.", "mail *****@mail.example.com.cn."),
    (Personal::Landline, "打0457-5601000-1，是前台", "打0457-*******-1，是前台"),
    (Personal::Landline, "打010-88886666没人接", "打010-********没人接"),
    (Personal::Landline, "(010)88886666", "(010)********"),
    (Personal::Landline, "（0571）8888666", "（0571）*******"),
    (Personal::Landline, "010 8888 6666", "010 **** ****"),
    (Personal::Landline, "0571-88886666", "0571-********"),
    (Personal::Landline, "家里02188886666", "家里021********"),
    (Personal::Landline, "座机88886666", "座机********"),
    (Personal::Landline, "固话：8888 6666", "固话：**** ****"),
    (Personal::Landline, "+86-10-88886666", "+86-10-********"),
    (Personal::Landline, "电话057188886666", "电话0571********"),
    (Personal::Plate, "车牌京A12345被扣费", "车牌京******被扣费"),
    (Personal::Plate, "京A·12345", "京*******"),
    (Personal::Plate, "沪AD12345新能源", "沪*******新能源"),
    (Personal::Plate, "粤b 8K123", "粤* *****"),
    (Personal::Plate, "粤Z1234港进不来", "粤******进不来"),
    (Personal::Qq, "QQ：123456789", "QQ：*********"),
    (Personal::Qq, "加qq123456", "加qq******"),
    (Personal::Qq, "扣扣12345678", "扣扣********"),
    (Personal::Qq, "我的QQ号是 10001234，找不回", "我的QQ号是 ********，找不回"),
    (Personal::Qq, "ＱＱ：１２３４５６", "ＱＱ：******"),
    (Personal::WeChat, "加我微信 abc_123", "加我微信 *******"),
    (Personal::WeChat, "vx:zhangsan", "vx:********"),
    (Personal::WeChat, "VX：abc-123", "VX：***-***"),
    (Personal::WeChat, "微信号是wang2008", "微信号是********"),
    (Personal::WeChat, "微信：13812345678", "微信：***********"),
    (Personal::WeChat, "薇信abc12345", "薇信********"),
    (Personal::WeChat, "加v信abc12345", "加v信********"),
    (Personal::WeChat, "加我V：abc12345", "加我V：********"),
    (Personal::WeChat, "登录不了wxid_abc123def456", "登录不了*****************"),
    (Personal::Address, "上海市浦东新区张江路 123 弄 5 号 602 室", "上海市浦东新区*** *** * * * *** *"),
    (Personal::Address, "家住朝阳区望京西园四区405楼1206", "家住朝阳区**************"),
    (Personal::Address, "住 海淀区 中关村大街 27 号 1101", "住 海淀区 ***** ** * ****"),
    (Personal::Address, "住在3栋2单元501", "住在********"),
    (Personal::Address, "收货地址：上海市浦东新区张江路123弄5号602室，电话13812345678", "收货地址：上海市浦东新区*************，电话138********"),
    (Personal::Address, "收货地址：浙江省杭州市西湖区幸福小区3栋。", "收货地址：浙江省杭州市西湖区******。"),
    (Personal::Address, "送到幸福小区12号楼3单元502室了", "送到***************了"),
    (Personal::Address, "中山路88号没有门店", "******没有门店"),
    (Personal::Address, "住在三栋二单元五零一", "住在********"),
    (Personal::Address, "地址改成人民路5号", "地址改成*****"),
    (Personal::Address, "寄到A栋1203室", "寄到*******"),
    (Personal::Address, "北京市朝阳区建国路88号SOHO现代城2号楼1203", "北京市朝阳区********************"),
    (Personal::Address, "我家在中山东一路18号", "我家在********"),
    (Personal::Address, "我住幸福小区12栋3门501室", "我住*************"),
    (Personal::Address, "湖南省长沙市岳麓区麓山南路932号", "湖南省长沙市岳麓区********"),
    (Personal::Address, "張江路123號5樓602室", "*************"),
    (Personal::Address, "家庭住址：长沙市解放大道12号", "家庭住址：长沙市*******"),
];

/// Texts that stay as they are.
const CLEAN: &[&str] = &[
    "",
    "登录不上，一直闪退",
    "订单号13812345678没发货",
    "订单号是13812345678",
    "订单:110101199003074514",
    "订单：110101199003074514",
    "订单号110101199003074514",
    "单号 110101199003074514",
    "流水：110101199003074514",
    "运单110101199003074514",
    "快递单：110101199003074514",
    "订单编号：13812345678",
    "订单（13812345678）",
    "订单13812345678到哪了",
    "工单号：13912345678",
    "事件号 13912345678",
    "流水号13812345678901",
    "交易号4111111111111111",
    "微信订单号4200001234202310121234567890",
    "支付宝交易号2023101222001412341234567890",
    "快递单号13812345678",
    "运单号：13812345678、13912345678",
    "商品编号13812345678",
    "ID13812345678登不上",
    "ID：13812345678",
    "UID 13812345678",
    "角色ID是13812345678",
    "游戏ID:138123456",
    "user_id=13812345678",
    "T000000123",
    "事件T13812345678",
    "SF1234567890123",
    "顺丰SF13812345678",
    "YT8812345678901",
    "JD0138123456789",
    "SN-13812345678",
    "E12345678打不开",
    "A123456788",
    "订单号A123456789",
    "护照怎么填",
    "序列号13812345678",
    "IMEI 490154203237518",
    "imei:352099001761481",
    "No.13812345678",
    "#13812345678",
    "充值648没到账",
    "扣了13812345678元",
    "¥13812345678",
    "好评+1 2023-10-12 13:45:56",
    "顶+1 20231012 登不上",
    "战力+12345678",
    "攻击力+1200000 2023",
    "我充了500+12345678901元",
    "62345678转账3次",
    "62345678转3次",
    "138/1234/56789",
    "订单138_1234_5678",
    "1381234567八折",
    "打了10086一直没人接",
    "13812345678.00",
    "2023-10-12 13:45:56",
    "2023年10月12日13点",
    "20231012134556",
    "版本号8.0.32",
    "v13.812.34567",
    "1381234567",
    "138123456789",
    "10086",
    "打10086没人接",
    "电话12345没用",
    "电话95588打不通",
    "打400-123-4567",
    "客服电话4008123123",
    "电话 400 812 3123",
    "客服电话800-820-8820",
    "电话20231012打的",
    "batch 20231012 lot 13812345678",
    "批号13812345678",
    "批次6222021234567894",
    "验证码123456",
    "激活码4111111111111111",
    "QQ音乐闪退3次",
    "QQ区1服",
    "QQ飞车充了648",
    "qq登录不了",
    "QQ会员30元",
    "QQ群12345678",
    "微信支付 3 块",
    "微信充值648",
    "微信充值123456",
    "微信付了123456元",
    "微信 123456块",
    "微信区ID 123456789",
    "微信登录iPhone15闪退",
    "微信 iPhone15 闪退",
    "微信version8",
    "微信，登录不了",
    "用微信支付，扣了两次钱",
    "vivo手机闪退",
    "vip123456",
    "新iPhone15Pro",
    "新Mate60Pro",
    "新K30",
    "北京市朝阳区",
    "上海的门店在哪里",
    "收货地址：怎么改",
    "收货地址填错了，3天没改",
    "地址是错的",
    "5号晚上12点",
    "10月5号3点",
    "地铁2号线",
    "第3单元第5课",
    "第3单元5题",
    "2室1厅的房子",
    "3栋",
    "入住452房间",
    "住的3号楼很吵",
    "入住802室，空调坏了",
    "临街一栋三层的楼",
    "3楼5号窗口",
    "商场3楼",
    "小区5楼没电",
    "线路2号",
    "一二三四五六七八九",
    "一五一十说清楚",
    "三八节活动",
    "https://example.com/item/123456",
    "IP地址：192.168.1.100",
    "@客服 出来",
    "a@b",
    "你好 @客服 出来",
    "hello @ all",
    "看图(at)首页",
    "邮箱后缀@公司.com",
    "会员卡号1234567890123",
    "充值卡号1234567890123456",
    "点卡卡号 4111111111111112",
    "6222021234567890",
    "4111111111111112",
    "69012345678901",
    "第12345678901234567890123456789号",
    "110105194912310021",
    "138****5678",
    "手机尾号5678",
    "2222 3333",
    "100 200 300",
    "1500 2000 300",
    "两次各500，一共1000",
];

#[test]
fn personal_data_is_masked() {
    let mut wrong = String::new();
    for (kind, text, expected) in MASKED {
        let masked = mask(text);
        let found = find(text);
        let kind_fits = text == expected || found.first().map(|f| f.kind) == Some(*kind);
        if masked != *expected || !kind_fits {
            wrong.push_str(&format!("{text}\n  expected {expected} ({kind:?})\n  but got  {masked} ({found:?})\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn what_is_nobodys_survives() {
    let changed: Vec<_> = CLEAN.iter().filter(|t| mask(t) != **t).map(|t| format!("{t} -> {}", mask(t))).collect();
    assert!(changed.is_empty(), "{}", changed.join("\n"));
    assert!(CLEAN.iter().all(|t| matches!(mask(t), Cow::Borrowed(_)) && find(t).is_empty()));
}

#[test]
fn ranges_are_the_data() {
    let text = "电话+86 138-1234-5678，邮箱a@qq.com，身份证11010519491231002X";
    let found: Vec<_> = find(text).into_iter().map(|f| (f.kind, &text[f.range])).collect();
    assert_eq!(found, [(Personal::Mobile, "138-1234-5678"), (Personal::Email, "a@qq.com"), (Personal::IdCard, "11010519491231002X")]);
}

/// Long texts of one pattern take time in proportion to their length.
#[test]
fn the_worst_case_is_linear() {
    let patterns =
        ["1", "1 ", "13812345678", "a", "a.", "a@", "一", "一 ", "地址：", "微信号", "路1号", "栋1栋", "路5号小区", "(010)", "+86", "地址是区", "vx "];
    for pattern in patterns {
        let text = pattern.repeat(400_000 / pattern.len());
        let start = std::time::Instant::now();
        assert_eq!(mask(&text).chars().count(), text.chars().count());
        assert!(start.elapsed().as_millis() < 1500, "{pattern}: {:?}", start.elapsed());
    }
}

/// A generator that is always the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.roll(from.len() as u64) as usize]
    }

    fn digits(&mut self, n: usize) -> String {
        (0..n).map(|_| char::from(b'0' + self.roll(10) as u8)).collect()
    }
}

fn mobile(dice: &mut Dice) -> String {
    let segments = ["130", "135", "139", "141", "147", "150", "153", "158", "159", "162", "166", "170", "173", "178", "180", "185", "189", "190", "192", "198"];
    format!("{}{}", dice.pick(&segments), dice.digits(8))
}

fn identity(dice: &mut Dice) -> String {
    let province = dice.pick(&["11", "13", "31", "33", "37", "41", "44", "50", "51", "62", "65"]);
    let body = format!("{province}{:04}{:04}{:02}{:02}{}", dice.roll(9999), 1940 + dice.roll(80), 1 + dice.roll(12), 1 + dice.roll(28), dice.digits(3));
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.bytes().zip(weights).map(|(b, w)| u32::from(b - b'0') * w).sum();
    format!("{body}{}", b"10X98765432"[(sum % 11) as usize] as char)
}

fn card(dice: &mut Dice) -> String {
    let (bin, length) =
        [("622202", 19), ("621700", 19), ("622848", 19), ("625", 16), ("4", 16), ("52", 16), ("37", 15), ("6225", 16), ("955880", 19)][dice.roll(9) as usize];
    let mut number = format!("{bin}{}", dice.digits(length - bin.len() - 1));
    let sum: u32 = number
        .bytes()
        .rev()
        .enumerate()
        .map(|(k, b)| (u32::from(b - b'0'), k % 2 == 0))
        .map(|(d, double)| if double { d * 2 / 10 + d * 2 % 10 } else { d })
        .sum();
    number.push(char::from(b'0' + ((10 - sum % 10) % 10) as u8));
    number
}

fn grouped(number: &str, sizes: &[usize], separator: &str) -> String {
    let mut rest = number;
    let mut groups = Vec::new();
    for size in sizes {
        let (group, after) = rest.split_at((*size).min(rest.len()));
        groups.push(group);
        rest = after;
    }
    groups.push(rest);
    groups.retain(|g| !g.is_empty());
    groups.join(separator)
}

fn wide(number: &str) -> String {
    number.chars().map(|c| char::from_u32(c as u32 + 0xfee0).unwrap()).collect()
}

#[test]
fn generated_numbers_are_masked() {
    let before =
        ["", "我的", "电话：", "手机", "客服你好，", "订单没到，请联系", "3天了 ", "充了648，", "(", "号码是", "10月5号打的", "请回复 ", "卡", "我叫张三，"];
    let after = ["", "，谢谢", " 急", "。", "一直没人理", ")", "\n第二行", "，订单号2023101234", "不对", "？", "、", " 5次了"];
    let mut dice = Dice(7);
    let mut missed = Vec::new();
    for n in 0..10_000 {
        let separator = dice.pick(&[" ", "-", "", "", " "]);
        let (number, sizes, keep): (String, &[usize], usize) = match n % 3 {
            0 => (mobile(&mut dice), [&[3, 4][..], &[3], &[7], &[3, 4]][dice.roll(4) as usize], 3),
            1 => (identity(&mut dice), [&[6, 8][..], &[6, 4, 4], &[14]][dice.roll(3) as usize], 3),
            _ => (card(&mut dice), [&[4, 4, 4, 4][..], &[6], &[4, 4, 4, 4]][dice.roll(3) as usize], 6),
        };
        let written = grouped(&number, sizes, separator);
        let written = if dice.roll(8) == 0 { wide(&number) } else { written };
        let (b, a) = (dice.pick(&before), dice.pick(&after));
        let masked = mask(&format!("{b}{written}{a}")).into_owned();
        let mut shown = 0;
        let expected: String = written
            .chars()
            .map(|c| {
                if matches!(c, ' ' | '-') {
                    return c;
                }
                shown += 1;
                if shown <= keep { c } else { '*' }
            })
            .collect();
        if masked != format!("{b}{expected}{a}") {
            missed.push(format!("{b}{written}{a} -> {masked}"));
        }
    }
    assert!(missed.len() <= 50, "{} missed, such as {:#?}", missed.len(), &missed[..10]);
}

fn holds(text: &str) -> Result<(), TestCaseError> {
    let once = mask(text).into_owned();
    prop_assert_eq!(once.chars().count(), text.chars().count());
    prop_assert_eq!(&*mask(&once), &*once, "of {}", text);
    let mut end = 0;
    for found in find(text) {
        prop_assert!(found.range.start >= end && found.range.end > found.range.start);
        prop_assert!(text.get(found.range.clone()).is_some());
        end = found.range.end;
    }
    // What differs lies in what was found.
    let found = find(text);
    for ((at, c), now) in text.char_indices().zip(once.chars()) {
        prop_assert!(c == now || now == '*' && found.iter().any(|f| f.range.contains(&at)));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn any_text_keeps_its_length_and_masks_once(text in "\\PC{0,60}") {
        holds(&text)?;
    }

    /// Texts of nothing but what the rules look at.
    #[test]
    fn nasty_texts_keep_their_length_and_mask_once(parts in proptest::collection::vec(proptest::sample::select(PARTS), 0..14)) {
        holds(&parts.concat())?;
    }
}

const PARTS: &[&str] = &[
    "1",
    "5",
    "0",
    "86",
    "+86",
    "010",
    "138",
    "1381234",
    "13812345678",
    "1234",
    "5678",
    "88886666",
    "4111",
    "4111111111111111",
    "62220212345678901",
    "11010519491231002",
    "X",
    "x",
    " ",
    " ",
    "-",
    ".",
    "·",
    "*",
    "@",
    "@qq.com",
    "abc",
    "a",
    "wx",
    "vx",
    "QQ",
    "微信",
    "号",
    "是",
    "：",
    "id",
    "abc_123",
    "wxid_",
    "地址",
    "上海市",
    "浦东新区",
    "张江路",
    "小区",
    "弄",
    "栋",
    "单元",
    "室",
    "路",
    "村",
    "京A",
    "京",
    "港",
    "元",
    "年",
    "订单号",
    "编号",
    "身份证",
    "卡号",
    "电话",
    "座机",
    "，",
    "、",
    "(",
    ")",
    "一",
    "三",
    "八",
    "一三八一二三四五六七八",
    "#",
    "¥",
    "加",
    "住在",
    "我",
    "第",
    "_",
    "/",
    "138/1234/5678",
    "1234_5678",
    "(at)",
    " @ ",
    "公司.com",
    "E1234567",
    "护照",
    "+1",
    "转",
    "ord",
    "00",
    "852",
    "９",
    "Ａ",
];
