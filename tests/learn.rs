//! Models: trained, used, damaged.

use crate::run::Desk;
use ahu::model::Model;
use ahu::taxonomy::Taxonomy;
use std::collections::HashMap;

/// The examples of the built-in taxonomy as tickets of a column `label`; every fifth goes into the second file.
pub fn examples(desk: &Desk, label: impl Fn(&Taxonomy, usize) -> Option<String>) {
    let taxonomy = Taxonomy::with_builtin(true, &[]).expect("the built-in taxonomy");
    let mut files = [String::from("编号,内容,标签\n"), String::from("编号,内容,标签\n")];
    let mut n = 0;
    for (i, cause) in taxonomy.causes.iter().enumerate() {
        let Some(label) = label(&taxonomy, i) else { continue };
        for example in cause.matches.iter().filter(|e| !e.text.contains([',', '"', '\n'])) {
            n += 1;
            files[usize::from(n % 5 == 0)].push_str(&format!("E{n},{},{label}\n", example.text));
        }
    }
    assert!(n > 500, "only {n} examples");
    desk.file("train.csv", &files[0]);
    desk.file("test.csv", &files[1]);
}

fn of_field(taxonomy: &Taxonomy, cause: usize) -> Option<String> {
    let id = taxonomy.packs[taxonomy.causes[cause].pack].id.clone();
    ["game", "shop", "bank", "telecom"].contains(&id.as_str()).then_some(id)
}

/// Rows of a CSV by its header.
fn rows(csv: &str) -> Vec<HashMap<String, String>> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    reader.deserialize().map(|r| r.expect("a row")).collect()
}

const TRAIN: &str = "train train.csv --target product --text-column 内容 --label-column 标签 -o m.ahu";

#[test]
fn what_was_learnt_is_known_again() {
    let desk = Desk::new();
    examples(&desk, of_field);
    let ran = desk.ahu(TRAIN);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let out = desk.ahu("classify test.csv --model m.ahu --taxonomy none --min-confidence 0").stdout;
    let rows = rows(&out);
    let right = rows.iter().filter(|r| r["ahu_product"] == r["标签"]).count();
    // The commonest field alone has two in five, and many examples could be of any.
    assert!(right * 4 > rows.len() * 3, "{right} of {}", rows.len());
    assert!(rows.iter().all(|r| !r["ahu_product"].is_empty() && r["ahu_evidence"].contains("(model:product)")));
    // Where it has to be sure, it is right more often, and silent at times.
    let out = desk.ahu("classify test.csv --model m.ahu --taxonomy none --target-precision 0.9").stdout;
    let rows = self::rows(&out);
    let told: Vec<_> = rows.iter().filter(|r| !r["ahu_product"].is_empty()).collect();
    let sure = told.iter().filter(|r| r["ahu_product"] == r["标签"]).count();
    assert!(told.len() < rows.len() && sure * 100 >= told.len() * 87 && told.len() * 3 > rows.len(), "{sure} of {} of {}", told.len(), rows.len());
}

#[test]
fn the_same_rows_give_the_same_model() {
    let desk = Desk::new();
    examples(&desk, of_field);
    let models = [1, 2, 5].map(|threads| {
        assert_eq!(desk.ahu(&format!("{TRAIN} --threads {threads}")).code, 0);
        std::fs::read(desk.path().join("m.ahu")).expect("a model")
    });
    assert!(models[0] == models[1] && models[1] == models[2]);
}

#[test]
fn several_labels_a_ticket() {
    let desk = Desk::new();
    let mut file = String::from("内容,标签\n");
    for i in 0..60 {
        let (a, b) = (["物流太慢", "快递三天没动"][i % 2], ["价格太贵", "比别家贵"][i / 2 % 2]);
        file += &[format!("{a}{i}单,物流\n"), format!("{b}{i}块,价格\n"), format!("{a}而且{b}{i},价格|物流\n")].concat();
    }
    desk.file("train.csv", &file);
    desk.file("test.csv", "内容\n快递太慢了\n贵\n太贵而且快递没动\n");
    assert_eq!(desk.ahu("train train.csv --target cause --text-column 内容 --label-column 标签 -o m.ahu").code, 0);
    let out = desk.ahu("classify test.csv --text-column 内容 --model m.ahu --taxonomy none --min-confidence 0").stdout;
    let causes: Vec<String> = rows(&out).iter().map(|r| r["ahu_cause"].clone()).collect();
    assert_eq!(causes, ["物流", "价格", "价格|物流"]);
}

#[test]
fn rules_of_the_desk_stand_above_its_model() {
    let desk = Desk::new();
    let train: String = (0..40).map(|i| format!("登录不上{i},投诉,网络\n怎么充值{i},咨询,充值\n")).collect();
    desk.file("train.csv", format!("内容,类型,原因\n{train}"));
    desk.file("own.toml", "[[cause]]\npath = \"账号 / 登录不上\"\nkinds = [\"complaint\"]\nrules = [\"登录不上\"]\nmatch = [\"登录不上\", \"又登录不上了\"]\nreject = [\"登录好了\", \"上线\"]\n");
    desk.file("t.csv", "内容\n登录不上\n充值在哪里\n");
    for (target, column) in [("kind", "类型"), ("cause", "原因")] {
        assert_eq!(desk.ahu(&format!("train train.csv --target {target} --text-column 内容 --label-column {column} -o {target}.ahu")).code, 0);
    }
    let ran = desk.ahu("classify t.csv --text-column 内容 --taxonomy own.toml --model kind.ahu --model cause.ahu --min-confidence 0");
    let rows = rows(&ran.stdout);
    assert_eq!((rows[0]["ahu_cause"].as_str(), rows[0]["ahu_kind"].as_str()), ("账号 / 登录不上", "complaint"));
    assert!(rows[0]["ahu_evidence"].contains("≠model:网络"), "{:?}", rows[0]);
    assert_eq!((rows[1]["ahu_cause"].as_str(), rows[1]["ahu_kind"].as_str()), ("充值", "inquiry"));
    assert!(ran.stderr.contains("decided differently by rules and model"), "{}", ran.stderr);
    let why = desk.ahu("why --text 登录不上 --taxonomy own.toml --model kind.ahu --model cause.ahu").stdout;
    assert!(why.contains("模型　原因：网络 ") && why.contains("「登录") && why.contains("模型　类型：投诉 "), "{why}");
    // Causes that only the model knows are counted like others.
    let digest = desk.digest("t.csv --text-column 内容 --taxonomy own.toml --model kind.ahu --model cause.ahu --min-confidence 0");
    assert!(digest.to_string().contains("\"cause\":\"充值\""), "{digest}");
}

#[test]
fn what_a_rule_of_the_desk_decides_is_counted_as_certain() {
    let desk = Desk::new();
    // Of two colours of words the model is often wrong; the desk's rule knows one word for sure.
    let train: String = (0..200).map(|i| format!("登录{i}{},投诉,网络\n充值{i}{},咨询,充值\n", ["慢", "贵"][i % 2], ["贵", "慢"][i % 3 % 2])).collect();
    desk.file("train.csv", format!("内容,类型,原因\n{train}"));
    desk.file("own.toml", "[[cause]]\npath = \"充值\"\nkinds = [\"complaint\"]\nrules = [\"钻石没到\"]\nmatch = [\"钻石没到\", \"买的钻石没到\"]\nreject = [\"钻石到了\", \"上线\"]\n");
    for (target, column) in [("kind", "类型"), ("cause", "原因")] {
        assert_eq!(desk.ahu(&format!("train train.csv --target {target} --text-column 内容 --label-column {column} -o {target}.ahu")).code, 0);
    }
    let day: String = (0..60).map(|i| format!("登录{i}慢\n{}", if i % 2 == 0 { format!("钻石没到{i}\n") } else { String::new() })).collect();
    desk.file("day.csv", format!("内容\n{day}"));
    let models = "--text-column 内容 --taxonomy none --taxonomy own.toml --model kind.ahu --model cause.ahu --min-confidence 0";
    let rows = rows(&desk.ahu(&format!("classify day.csv {models}")).stdout);
    for row in rows.iter().filter(|r| r["内容"].starts_with('钻')) {
        assert_eq!((row["ahu_kind"].as_str(), row["ahu_cause"].as_str()), ("complaint", "充值"), "{row:?}");
    }
    let digest = desk.digest(&format!("day.csv {models}"));
    let causes = digest["products"][0]["kinds"][0]["causes"].as_array().expect("causes").clone();
    let own = causes.iter().find(|c| c["cause"] == "充值").expect("the cause");
    assert_eq!(own["count"], 30, "{digest}");
    assert!(own["corrected"]["low"].as_u64().expect("an interval") >= 30, "{digest}");
}

#[test]
fn nothing_known_is_nothing_decided() {
    let desk = Desk::new();
    let train: String = (0..40).map(|i| format!("登录不上{i},投诉\n怎么充值{i},咨询\n")).collect();
    desk.file("train.csv", format!("内容,类型\n{train}"));
    assert_eq!(desk.ahu("train train.csv --target kind --text-column 内容 --label-column 类型 -o m.ahu").code, 0);
    desk.file("t.csv", "编号,内容\n1,。\n2,\n3,😀\n4,xyz\n");
    let plain = desk.ahu("classify t.csv --text-column 内容").stdout;
    assert_eq!(desk.ahu("classify t.csv --text-column 内容 --model m.ahu").stdout, plain);
    // Two of one target would overrule each other by their order.
    let ran = desk.ahu("classify t.csv --text-column 内容 --model m.ahu --model m.ahu");
    assert!(ran.code == 2 && ran.stderr.contains("two models tell the target `kind`"), "{}", ran.stderr);
}

#[test]
fn labels_are_read_as_people_mean_them() {
    let desk = Desk::new();
    let train: String =
        (0..30).map(|i| format!("{i},登录不上{i},{}\n{i}x,怎么充值{i},充值 / 方法\n", ["网络/断线", "网络 / 断线", "網絡／斷線"][i % 3])).collect();
    desk.file("train.csv", format!("编号,内容,原因\n{train}3,登录不上3,别的\n"));
    let ran = desk.ahu("train train.csv --target cause --text-column 内容 --label-column 原因 -o m.ahu");
    assert!(
        ran.stderr.contains("60 rows, 2 labels")
            && ran.stderr.contains("1 rows repeat a ticket with another label; the first holds")
            && ran.stderr.contains(": 3\n"),
        "{}",
        ran.stderr
    );
    // Rules teach without the model that they are to teach.
    let alone = desk.ahu("train train.csv --target kind --text-column 内容 --from-rules -o a.ahu");
    assert_eq!(desk.ahu("train train.csv --target kind --text-column 内容 --from-rules -o b.ahu").stderr, alone.stderr);
    assert_eq!(desk.ahu("train train.csv --target kind --text-column 内容 --from-rules --model a.ahu -o b.ahu").stderr, alone.stderr);
    let about = desk.ahu("check m.ahu");
    assert!(about.code == 0 && about.stdout.starts_with("m.ahu: model of `cause`: 60 rows, 2 labels"), "{}{}", about.stdout, about.stderr);
}

#[test]
fn what_cannot_be_learnt_from_is_told() {
    let desk = Desk::new();
    desk.file("t.csv", "内容,标签\n闪退,故障\n退款,故障\n");
    desk.file("many.csv", format!("编号,内容\n{}", (0..50).map(|i| format!("E{i},闪退{i}\n")).collect::<String>()));
    desk.file("two.csv", "编号,内容,标签\n1,闪退,投诉|咨询\n2,怎么退,咨询\n");
    for (arguments, code, message) in [
        ("t.csv --target cause --label-column 标签 -o m.ahu", 65, "at least two different labels to learn from, found only `故障`"),
        ("t.csv --target cause --label-column 标笺 -o m.ahu", 2, "no column is called `标笺`; the nearest is `标签`"),
        ("t.csv --target kind --label-column 标签 -o m.ahu", 2, "`故障` is no kind"),
        ("t.csv --target cause --label-column 标签 --abstain-label oos -o m.ahu", 2, "no row has the label `oos`"),
        ("t.csv --target cause --label-column 标签 -o t.csv", 2, "`t.csv` is an input too"),
        ("t.csv --target cause --label-column 标签 -o -", 2, "name one"),
        ("many.csv --target cause --label-column 编号 -o m.ahu", 65, "50 rows have 50 different labels; is it a column of labels?"),
        ("two.csv --target kind --label-column 标签 -o m.ahu", 65, "ticket `1` has the kinds `咨询|投诉`; a ticket has one kind"),
        ("t.csv --target colour --label-column 标签 -o m.ahu", 2, "expected `kind`, `product` or `cause`"),
    ] {
        let ran = desk.ahu(&format!("train --text-column 内容 {arguments}"));
        assert_eq!(ran.code, code, "{arguments}: {}", ran.stderr);
        assert!(ran.stderr.contains(message), "{arguments}: {}", ran.stderr);
        assert!(!desk.path().join("m.ahu").exists());
    }
}

#[test]
fn other_files_are_no_models() {
    let desk = Desk::new();
    examples(&desk, of_field);
    assert_eq!(desk.ahu(TRAIN).code, 0);
    let whole = std::fs::read(desk.path().join("m.ahu")).expect("a model");
    assert!(Model::from_bytes(&whole).is_ok());
    let mut newer = whole.clone();
    newer[8] = 9;
    for (bytes, message) in [
        (b"id,text\n1,x\n".to_vec(), "found another kind of file"),
        (Vec::new(), "found another kind of file"),
        (whole[..20].to_vec(), "is damaged"),
        (whole[..whole.len() - 1].to_vec(), "is damaged"),
        (newer, "has format 9, this program reads format 2"),
    ] {
        desk.file("bad.ahu", &bytes);
        let ran = desk.ahu("summarize test.csv --model bad.ahu");
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(ran.stderr.contains(message) && ran.stderr.contains("bad.ahu"), "{}", ran.stderr);
    }
    // Any byte changed anywhere.
    for at in (0..whole.len()).step_by(whole.len() / 300) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        assert!(Model::from_bytes(&bytes).is_err(), "byte {at}");
    }
}

#[test]
fn evaluation_tells_how_good_a_model_is() {
    let desk = Desk::new();
    examples(&desk, of_field);
    // Labels exchanged by a slip of the hand are found out.
    let slip = "E9001,副本装备爆率太低公会战老掉线封号,bank\nE9002,银行卡被盗刷信用卡还款日逾期,game\n";
    desk.file("train.csv", desk.read("train.csv") + slip);
    let options = "--target product --text-column 内容 --label-column 标签";
    let json = |arguments: &str| -> serde_json::Value {
        let ran = desk.ahu(&format!("evaluate {options} --format json {arguments}"));
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        serde_json::from_str(&ran.stdout).expect("valid JSON")
    };
    let crossed = json("train.csv");
    let accuracy = crossed["accuracy"]["value"].as_f64().expect("a number");
    assert!((0.7..0.97).contains(&accuracy) && crossed["ece"].as_f64().is_some_and(|e| e < 0.1), "{crossed}");
    assert_eq!(crossed["labels"].as_array().map(Vec::len), Some(4));
    let rows: u64 = crossed["labels"].as_array().into_iter().flatten().filter_map(|l| l["rows"].as_u64()).sum();
    assert_eq!(Some(rows), crossed["rows"].as_u64());
    let suspects: Vec<&str> = crossed["suspects"].as_array().into_iter().flatten().filter_map(|s| s["id"].as_str()).collect();
    assert!(suspects.contains(&"E9001") && suspects.contains(&"E9002"), "{suspects:?}");
    // The tenth held out is the same whatever else is in the file, and no part of training.
    assert_eq!(desk.ahu(&format!("train train.csv {options} --hold-out -o m.ahu")).code, 0);
    let held = json("train.csv --hold-out --model m.ahu");
    let n = held["rows"].as_u64().expect("a number");
    assert!(n * 20 > rows && n * 6 < rows, "{n} of {rows}");
    let text = desk.read("train.csv");
    let half: Vec<&str> = text.lines().enumerate().filter(|(i, _)| i % 2 == 0).map(|(_, line)| line).collect();
    desk.file("half.csv", half.join("\n"));
    let of_half = json("half.csv --hold-out --model m.ahu")["rows"].as_u64().expect("a number");
    assert!(of_half * 3 > n && of_half * 3 < n * 2, "{of_half} of {n}");
    let text = desk.ahu(&format!("evaluate {options} train.csv --folds 3")).stdout;
    assert!(text.contains("准确率") && text.contains("疑似标错") && text.contains("game"), "{text}");
    let ran = desk.ahu("evaluate test.csv --target kind --text-column 内容 --label-column 标签 --model m.ahu");
    assert!(ran.code == 2 && ran.stderr.contains("none of the models tells the target `kind`"), "{}", ran.stderr);
}

#[test]
fn rules_teach_where_nobody_has_labelled_anything() {
    let desk = Desk::new();
    examples(&desk, of_field);
    let ran = desk.ahu("train train.csv --target kind --text-column 内容 --from-rules -o m.ahu");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let rules = rows(&desk.ahu("classify test.csv --text-column 内容").stdout);
    let model = rows(&desk.ahu("classify test.csv --text-column 内容 --model m.ahu").stdout);
    // It agrees with its teachers on most tickets it has not seen, and speaks where they are silent.
    let sure: Vec<usize> = (0..rules.len()).filter(|i| rules[*i]["ahu_kind"] == "complaint" || rules[*i]["ahu_kind"] == "inquiry").collect();
    let same = sure.iter().filter(|i| rules[**i]["ahu_kind"] == model[**i]["ahu_kind"]).count();
    assert!(same * 10 > sure.len() * 8, "{same} of {}", sure.len());
    assert!(model.iter().filter(|r| r["ahu_evidence"].contains("(model:kind)")).count() * 2 > model.len());
    let ran = desk.ahu("train train.csv --target kind --text-column 内容 -o m.ahu");
    assert!(ran.code == 2 && ran.stderr.contains("--label-column"), "{}", ran.stderr);
}

#[test]
fn counts_are_corrected_for_the_models_mistakes() {
    let desk = Desk::new();
    let kind = |taxonomy: &Taxonomy, cause: usize| {
        taxonomy.causes[cause].kinds.first().map(|k| k.code()).filter(|k| ["complaint", "inquiry"].contains(k)).map(str::to_owned)
    };
    examples(&desk, kind);
    assert_eq!(desk.ahu("train train.csv --target kind --text-column 内容 --label-column 标签 -o m.ahu").code, 0);
    // A day of which nearly all is inquiries, though two in three of the training were complaints; and a small product.
    let test = desk.read("test.csv");
    let of = |label: &str| test.lines().filter(|l| l.ends_with(label)).collect::<Vec<_>>();
    let (inquiries, complaints) = (of("inquiry"), of("complaint"));
    let mut day = String::from("编号,内容,标签,产品\n");
    inquiries.iter().take(150).chain(complaints.iter().take(10)).for_each(|l| day += &format!("{l},甲\n"));
    complaints.iter().skip(10).take(30).for_each(|l| day += &format!("{l},乙\n"));
    desk.file("day.csv", day);
    let options = "day.csv --text-column 内容 --product-column 产品 --model m.ahu --taxonomy none --min-confidence 0";
    let digest = desk.digest(options);
    let product = |name: &str| digest["products"].as_array().into_iter().flatten().find(|p| p["product"] == name).cloned().expect("the product");
    let (large, small) = (product("甲"), product("乙"));
    let kind = |i: usize| &large["kinds"][i];
    let (plain, corrected) = (kind(0)["count"].as_u64().unwrap_or(0), kind(0)["corrected"]["count"].as_u64().expect("a corrected count"));
    assert_eq!(kind(0)["kind"], "complaint");
    assert!(plain > 20 && corrected < plain && corrected.abs_diff(10) < plain.abs_diff(10), "{plain} became {corrected}, but 10 are");
    assert!(kind(0)["corrected"]["low"].as_u64() <= Some(10) && kind(0)["corrected"]["high"].as_u64() >= Some(10), "{}", kind(0));
    assert_eq!(kind(1)["corrected"]["count"].as_u64(), Some(160 - corrected));
    // Of so few it is told which ones to read.
    assert!(small["kinds"][0]["corrected"].is_null() && small["read_for_certainty"].as_array().is_some_and(|r| !r.is_empty()), "{small}");
    let text = desk.ahu(&format!("summarize {options}")).stdout;
    assert!(text.contains(&format!("【甲】投诉 {corrected}（")) && text.contains("95 % 区间") && text.contains("数就更准"), "{text}");
    assert_eq!(desk.ahu(&format!("summarize --threads 1 {options}")).stdout, desk.ahu(&format!("summarize --threads 3 {options}")).stdout);
}
