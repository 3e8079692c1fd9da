//! Tables in web pages and workbooks in XML, as systems write them that name both `.xls`.

use crate::formats::{as_csv, as_html, as_spreadsheet_xml, escaped, story};
use crate::run::{Desk, accounting};
use proptest::prelude::*;

/// The rows that `classify` writes for a file: their cells without those that it adds.
fn rows(desk: &Desk, arguments: &str) -> Vec<Vec<String>> {
    let ran = desk.ahu(&format!("classify --no-mask --raw-cells --taxonomy none {arguments}"));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(ran.stdout.as_bytes());
    reader.records().map(|r| r.unwrap()).map(|r| r.iter().take(r.len() - 5).map(str::to_owned).collect()).collect()
}

/// Rows as one line each, to compare.
fn lines(desk: &Desk, arguments: &str) -> Vec<String> {
    rows(desk, arguments).iter().map(|r| r.join("|")).collect()
}

#[test]
fn cells_of_a_page_are_what_a_browser_shows() {
    let desk = Desk::new();
    let page = "<table><tr><th>工单号<th>内容<th>产品\n\
        <tr><td> 1 <td><p>登录&nbsp;不上</p><p>重启也<b>不</b>行</p><div></div><td>&lt;星海&gt; &amp; &quot;手游&quot;&#x3002;\n\
        <tr><td>0012</td><td>第一行<br>第二行<br/><br />第四行</td><td>&nbsp;</td></tr>\n\
        <tr><td>3</td><td><!-- <td>不是 --><a href='x>y'>闪退</a>\n   两次<script>'</td>'</script><style>p {}</style></td><td/></tr></table>";
    desk.file("a.xls", page);
    let expected = ["工单号|内容|产品", "1|登录 不上\n重启也不行|<星海> & \"手游\"。", "0012|第一行\n第二行\n\n第四行|", "3|闪退 两次|"];
    assert_eq!(lines(&desk, "a.xls"), expected);
    // The bytes decide, then what the page says, then the user has the last word.
    let gbk = |text: &str| encoding_rs::GBK.encode(text).0.into_owned();
    desk.file("says.xls", gbk("<meta charset=GBK><table><tr><td>id<td>text<tr><td>1<td>谢谢</table>"));
    assert_eq!(lines(&desk, "says.xls"), ["id|text", "1|谢谢"]);
    desk.file("silent.xls", gbk("<table><tr><td>id<td>text<tr><td>1<td>谢谢</table>"));
    assert_eq!(desk.ahu("summarize silent.xls").code, 65);
    assert_eq!(lines(&desk, "--encoding gbk silent.xls"), ["id|text", "1|谢谢"]);
    desk.file("lies.xls", as_html(&story(), "gb2312"));
    assert_eq!(rows(&desk, "lies.xls").len(), story().len());
    desk.file("lies too.xls", gbk(&as_html(&story(), "utf-8")));
    let ran = desk.ahu_with(&["summarize", "lies too.xls"], None);
    assert!(ran.stdout.contains("共 64 件"), "{}{}", ran.stdout, ran.stderr);
    let utf16: Vec<u8> = format!("\u{feff}{page}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    desk.file("utf16.xls", utf16);
    assert_eq!(lines(&desk, "utf16.xls"), expected);
}

#[test]
fn merged_cells_mean_each_of_their_rows() {
    let desk = Desk::new();
    desk.file(
        "a.xls",
        "<table><thead><tr><td colspan=4>工单明细</td></tr><tr><td>工单号<td>产品<td>内容<td>备注</tr></thead><tbody>\
         <tr><td>1<td rowspan=3>星海手游<td>闪退<td>甲</tr><tr><td>2<td>登录不上<td rowspan=2>乙</tr><tr><td>3<td>奖励没到账</tr>\
         <tr><td>4<td rowspan=9>云图<td colspan=2>退款没到</tr></tbody><tbody><tr><td>5<td>B<td>闪退</tr></tbody></table>",
    );
    let expected = ["工单号|产品|内容|备注", "1|星海手游|闪退|甲", "2|星海手游|登录不上|乙", "3|星海手游|奖励没到账|乙", "4|云图|退款没到|", "5|B|闪退|"];
    assert_eq!(lines(&desk, "a.xls"), expected);
    // A small page that asks for a great table.
    let bomb = format!("<table><tr><td>工单号<td>内容<tr><td rowspan=0>{}<td>闪退{}</table>", "x".repeat(1 << 20), "<tr><td>闪退".repeat(60_000));
    desk.file("bomb.xls", bomb);
    let ran = desk.ahu("summarize bomb.xls");
    assert_eq!(ran.code, 65);
    assert!(ran.stderr.contains("hundreds of times its size"), "{}", ran.stderr);
    desk.file("wide.xls", format!("<table><tr><td>工单号<td>内容<tr><td>1<td>闪退<tr>{}<tr><td>2<td>闪退</table>", "<td colspan=99999>x".repeat(20)));
    assert_eq!(accounting(&desk.digest("wide.xls")), [3, 2, 0, 1]);
}

#[test]
fn the_right_tables_of_a_page_are_read() {
    let desk = Desk::new();
    let table = |from: usize| {
        let rows: String = (from..from + 3).map(|i| format!("<tr><td>{i}<td>闪退 第{i}次<table><tr><td>附件</td></tr></table></td></tr>")).collect();
        format!("<table><tr><th>工单号<th>内容</tr>{rows}</table>")
    };
    // Layout around, a search form beside, a small table in a cell.
    let form = "<table><tr><td>从<td><input name=a><tr><td>到<td><input name=b></table>";
    desk.file(
        "a.xls",
        format!("<html><body><table><tr><td>{form}</td><td>{}</td></tr><tr><td>x</td><td>{}</td></tr></table></body></html>", table(10), table(20)),
    );
    let ran = desk.ahu("summarize --format json a.xls");
    assert_eq!(accounting(&serde_json::from_str(&ran.stdout).unwrap()), [6, 6, 0, 0], "{}", ran.stderr);
    assert!(ran.stderr.contains("`a.xls » table 2` is left out"), "{}", ran.stderr);
    assert!(desk.ahu("classify a.xls").stdout.contains("\n12,\"闪退 第12次\n附件\","));
    // One that is not closed before the next begins.
    desk.file("open.xls", format!("<table><tr><td>编号<td>内容<tr><td>1<td>闪退</tr>{}", table(10)));
    assert_eq!(accounting(&desk.digest("open.xls"))[1], 4);
    desk.file("header.xls", "<table><tr><th>工单号</th><th>内容</th></tr></table>");
    let ran = desk.ahu("summarize header.xls");
    assert!(ran.code == 0 && ran.stdout.contains("没有工单"), "{}{}", ran.stdout, ran.stderr);
    for (page, says) in [
        ("<html><head><title> 统一\n登录 </title></head><form><table><tr><td>用户<td><input><tr><td>密码<td><input type=\"PASSWORD\"></table></form>", ""),
        ("<title>统一\n登录</title><form><input type=password></form>", "login page titled `统一 登录`"),
        ("<html><head><title>出错了</title></head><body>会话超时</body></html>", "titled `出错了` without any"),
        ("<html><frameset><frame src='a.files/sheet001.htm'></frameset></html>", "such as `a.files/sheet001.htm`"),
        ("MIME-Version: 1.0\nContent-Type: multipart/related; boundary=x\n\n--x\n<table>", "web archive"),
    ] {
        desk.file("page.xls", page);
        let ran = desk.ahu("summarize page.xls");
        assert_eq!(ran.code, 65, "{page}: {}", ran.stderr);
        assert!(ran.stderr.contains(says), "{page}: {}", ran.stderr);
    }
}

#[test]
fn a_table_in_a_ticket_is_text_of_its_cell() {
    let desk = Desk::new();
    let tickets: String = (1..=200).map(|i| format!("<tr><td>{i}<td>第{i}次闪退进不去</tr>")).collect();
    let pasted = "<table><tr><td>编号<td>内容</tr><tr><td>1<td>闪退进不去</tr></table>";
    desk.file("a.xls", format!("<table><tr><th>工单号<th>内容</tr>{tickets}<tr><td>201<td>见表{pasted}</tr></table>"));
    assert_eq!(accounting(&desk.digest("a.xls")), [201, 201, 0, 0]);
    assert_eq!(lines(&desk, "a.xls").last().unwrap(), "201|见表\n编号\n内容\n1\n闪退进不去");
    // A page's layout of a few rows around a table of many.
    desk.file("b.xls", format!("<table><tr><td>菜单<td>首页<tr><td>帮助<td>退出<tr><td>x<td><table><tr><th>工单号<th>内容</tr>{tickets}</table></table>"));
    assert_eq!(accounting(&desk.digest("b.xls")), [200, 200, 0, 0]);
}

/// Each table is found again by its place, whatever stands before it and in whatever encoding.
#[test]
fn many_tables_of_a_page_are_read_once_each() {
    let desk = Desk::new();
    let table = |t: usize| {
        let rows: String = (0..5).map(|i| format!("<tr><td>{t}-{i}<td>第{i}次闪退\r\n进不去</tr>\r\n")).collect();
        format!("第{t}页 &amp;&nbsp;&lt;table 1 < 2 <b>粗</B><!-- <table> --><div><TABLE\r\n border=1><tr><th>工单号<th>内容</tr>\r\n{rows}</table></div>\r\n")
    };
    let page = |charset: &str| format!("<html>\r\n<meta charset={charset}>\r\n<table><tr><td>{}<td>x</table>", (0..60).map(table).collect::<String>());
    for (charset, bytes) in [
        ("utf-8", page("utf-8").into_bytes()),
        ("gbk", encoding_rs::GBK.encode(&page("gbk")).0.into_owned()),
        ("utf-16", format!("\u{feff}{}", page("utf-16")).encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("utf-8 with bad bytes", [b"<html>\xff\xff\xff\n".to_vec(), page("utf-8").into_bytes()].concat()),
    ] {
        desk.file("a.xls", bytes);
        assert_eq!(accounting(&desk.digest("a.xls")), [300, 300, 0, 0], "{charset}");
    }
}

#[test]
fn bytes_that_are_no_characters_cost_their_row_and_not_the_page() {
    let desk = Desk::new();
    let rows: String = (1..=60).map(|i| format!("<tr><td>{i}</td><td>星海手游</td><td>活动奖励一直没有到账</td></tr>")).collect();
    let page = |charset: &str| format!("<html><meta charset={charset}><table><tr><th>工单号</th><th>产品</th><th>内容</th></tr>{rows}</table></html>");
    let broken = |bytes: Vec<u8>| {
        let at = bytes.windows(6).position(|w| w == b"<td>30").unwrap() + 15;
        [&bytes[..at], b"\xff\xff", &bytes[at..]].concat()
    };
    for (charset, bytes) in [
        ("gb2312", encoding_rs::GBK.encode(&page("gb2312")).0.into_owned()),
        ("utf-8", page("utf-8").into_bytes()),
        ("gb2312, which it is not", page("gb2312").into_bytes()),
    ] {
        desk.file("a.xls", broken(bytes));
        assert_eq!(accounting(&desk.digest("--rejects bad.csv a.xls")), [60, 59, 0, 1], "{charset}");
        assert!(desk.read("bad.csv").contains("bad-encoding"), "{charset}");
    }
}

#[test]
fn a_workbook_in_xml_may_say_anything_in_its_cells() {
    let desk = Desk::new();
    let book = |cells: &str| {
        format!(
            "<?xml version=\"1.0\"?><Workbook xmlns:ss=\"urn:schemas-microsoft-com:office:spreadsheet\"><Worksheet ss:Name=\"a\"><Table>\
         <Row><Cell><Data ss:Type=\"String\">工单号</Data></Cell><Cell><Data ss:Type=\"String\">内容</Data></Cell></Row>{cells}</Table></Worksheet></Workbook>"
        )
    };
    let cell = |attributes: &str, text: &str| format!("<Cell {attributes}><Data ss:Type=\"String\">{text}</Data></Cell>");
    desk.file("a.xls", book(&format!("<Row>{}{}</Row>", cell("", "1"), cell("", "SheetVeryHidden 登录不上"))));
    assert_eq!(lines(&desk, "a.xls"), ["工单号|内容", "1|SheetVeryHidden 登录不上"]);
    let great = usize::MAX;
    let far = format!("<Row>{}{}</Row>", cell(&format!("ss:Index=\"{great}\""), "x"), cell("", "y"));
    let wide = format!("<Row>{}{}</Row>", cell(&format!("ss:MergeAcross=\"{great}\""), "x"), cell("", "y"));
    let down = format!("<Row ss:Index=\"{great}\">{0}{0}</Row><Row>{0}{0}</Row>", cell("", "2"));
    desk.file("b.xls", book(&format!("{far}{wide}{down}")));
    assert_eq!(accounting(&desk.digest("b.xls")), [4, 1, 1, 2]);
}

#[test]
fn a_page_that_breaks_off_is_read_as_far_as_it_goes() {
    let desk = Desk::new();
    let page = as_html(&story(), "utf-8");
    let at = page.find("EV250823020").unwrap();
    for (end, quarantined) in [(at + 60, 1), (page[..at].rfind("<tr").unwrap(), 0)] {
        desk.file("cut.xls", &page.as_bytes()[..end]);
        let ran = desk.ahu("summarize --format json cut.xls");
        assert_eq!(ran.code, 65, "{}", ran.stderr);
        assert!(ran.stderr.contains("ends in the middle"), "{}", ran.stderr);
        assert_eq!(accounting(&serde_json::from_str(&ran.stdout).unwrap()), [19 + quarantined, 19, 0, quarantined]);
    }
    // A byte that is no character costs its row.
    let mut bytes = page.clone().into_bytes();
    bytes.insert(at, 0xff);
    desk.file("bad.xls", bytes);
    assert_eq!(accounting(&desk.digest("--rejects bad.csv bad.xls")), [64, 63, 0, 1]);
    assert!(desk.read("bad.csv").contains("bad-encoding"));
    let xml = as_spreadsheet_xml(&[("工单", &story())]);
    let at = xml.find("EV250823020").unwrap();
    desk.file("cut.xml.xls", &xml.as_bytes()[..at + 300]);
    let ran = desk.ahu("summarize --format json cut.xml.xls");
    assert_eq!(ran.code, 65, "{}", ran.stderr);
    assert_eq!(accounting(&serde_json::from_str(&ran.stdout).unwrap())[1], 19);
    desk.file("bad.xml.xls", xml.replace("<Row>", "<Row><b>"));
    let ran = desk.ahu("summarize bad.xml.xls");
    assert_eq!(ran.code, 65);
    assert!(ran.stderr.contains("at byte"), "{}", ran.stderr);
}

#[test]
fn cells_of_a_workbook_in_xml_are_what_a_person_sees() {
    let desk = Desk::new();
    let book = "<?xml version=\"1.0\" encoding=\"gb2312\"?><?mso-application progid=\"Excel.Sheet\"?>\
        <ss:Workbook xmlns:ss=\"urn:schemas-microsoft-com:office:spreadsheet\"><ss:Worksheet ss:Name=\"A&amp;B\"><ss:Table>\
        <ss:Row ss:Index=\"3\"><ss:Cell><ss:Data ss:Type=\"String\">工单号</ss:Data></ss:Cell><ss:Cell ss:Index=\"3\"><ss:Data ss:Type=\"String\">创建时间</ss:Data></ss:Cell>\
        <ss:Cell><ss:Data ss:Type=\"String\">产品</ss:Data></ss:Cell><ss:Cell><ss:Data ss:Type=\"String\">内容</ss:Data></ss:Cell></ss:Row>\
        <ss:Row><ss:Cell><ss:Data ss:Type=\"Number\">123456789012345678</ss:Data></ss:Cell><ss:Cell ss:Index=\"3\"><ss:Data ss:Type=\"DateTime\">2026-11-01T08:05:00.000</ss:Data></ss:Cell>\
        <ss:Cell ss:MergeDown=\"1\"><ss:Data ss:Type=\"String\">0012</ss:Data><ss:Comment ss:Author=\"x\"><ss:Data>批注</ss:Data></ss:Comment></ss:Cell>\
        <ss:Cell><ss:Data ss:Type=\"String\">奖励<ss:B>没</ss:B>到账 &lt;1&#10;R&D</ss:Data></ss:Cell></ss:Row>\
        <ss:Row><ss:Cell><ss:Data ss:Type=\"Number\">7</ss:Data></ss:Cell><ss:Cell ss:Index=\"3\"><ss:Data ss:Type=\"DateTime\">2026-11-02T00:00:00.000</ss:Data></ss:Cell>\
        <ss:Cell ss:Index=\"5\"><ss:Data ss:Type=\"Error\">#REF!</ss:Data></ss:Cell></ss:Row></ss:Table></ss:Worksheet>\
        <ss:Worksheet ss:Name=\"旧\"><ss:Table><ss:Row><ss:Cell><ss:Data ss:Type=\"String\">内容</ss:Data></ss:Cell></ss:Row>\
        <ss:Row><ss:Cell><ss:Data ss:Type=\"String\">闪退</ss:Data></ss:Cell></ss:Row></ss:Table>\
        <WorksheetOptions><Visible>SheetHidden</Visible></WorksheetOptions></ss:Worksheet></ss:Workbook>";
    desk.file("a.xls", encoding_rs::GBK.encode(book).0);
    let expected = ["工单号||创建时间|产品|内容", "1.23457E+17||2026-11-01 08:05:00|0012|奖励没到账 <1\nR&D", "7||2026-11-02|0012|#REF!"];
    assert_eq!(lines(&desk, "a.xls"), expected);
    let ran = desk.ahu("summarize a.xls");
    assert!(ran.stderr.contains("`a.xls » 旧` is left out: the sheet is hidden"), "{}", ran.stderr);
    assert_eq!(lines(&desk, "--sheet 旧 a.xls"), ["内容", "闪退"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_text_survives_markup(texts in prop::collection::vec("([ -~]|[一-龥]|[，。！？“”<>&;\"'\n]|&lt;|<br>|\\]\\]>){1,40}", 1..12)) {
        let desk = Desk::new();
        let mut table = vec![vec!["工单号".to_owned(), "内容".to_owned()]];
        // Outer white space is no text in a browser.
        table.extend(texts.iter().enumerate().map(|(i, t)| vec![format!("T{i}"), format!("说{}。", t)]));
        let page: String = table.iter().map(|r| {
            let cell = |c: &String| format!("<td>{}</td>", escaped(c).replace('\n', "<br>").replace(' ', "&nbsp;"));
            format!("<tr>{}</tr>", r.iter().map(cell).collect::<String>())
        }).collect();
        desk.file("a.xls", format!("<table>{page}</table>"));
        desk.file("b.xls", as_spreadsheet_xml(&[("a", &table)]));
        desk.file("c.csv", as_csv(&table));
        let expected = rows(&desk, "c.csv");
        prop_assert_eq!(&rows(&desk, "a.xls"), &expected);
        prop_assert_eq!(&rows(&desk, "b.xls"), &expected);
    }
}
