//! Whether `apology` and `remedy` find what a person found in offices' replies:
//! `AHU_BENCH_DATA=../shared/data cargo bench --bench service`. The judgements are `docs/benches/service-office.tsv`.

use ahu::classify::{Classifier, Config};
use ahu::taxonomy::Taxonomy;
use ahu::ticket::{Role, Talk};
use calamine::{Data, Reader, Xlsx, open_workbook};

const JUDGED: &str = include_str!("../docs/benches/service-office.tsv");

fn main() {
    let Ok(folder) = std::env::var("AHU_BENCH_DATA") else {
        println!("AHU_BENCH_DATA names no folder: nothing to measure");
        return;
    };
    let mut book: Xlsx<_> = open_workbook(format!("{folder}/citizen-replies.xlsx")).expect("citizen-replies.xlsx");
    let sheet = book.worksheet_range_at(0).expect("a sheet").expect("its cells");
    let column = |name: &str| sheet.rows().next().expect("a header").iter().position(|c| *c == name).expect("the column");
    let (asked, answered) = (column("留言详情"), column("答复意见"));
    let rows: Vec<&[Data]> = sheet.rows().collect();
    let classifier = Classifier::new(Taxonomy::with_builtin(true, &[]).expect("the taxonomy"), Config::default()).expect("compiles");
    let mut scratch = classifier.scratch();
    // Of each check: found and there, found, there.
    let mut scores = [("apology", "a", [0usize; 3]), ("remedy", "r", [0; 3])];
    let mut read = 0;
    for line in JUDGED.lines().filter(|l| !l.starts_with('#')) {
        let (row, label) = line.split_once('\t').expect("a row and a label");
        let cells = rows[row.parse::<usize>().expect("a row")];
        let mut talk = Talk::default();
        talk.push(Role::Customer, cells[asked].to_string().trim(), None);
        talk.push(Role::Agent, cells[answered].to_string().trim(), None);
        let fired = classifier.listen(&talk, None, &mut scratch, false);
        for (check, letter, score) in &mut scores {
            let found = fired.iter().find(|f| classifier.taxonomy().checks[f.check].id == *check);
            let is = label.contains(*letter);
            score[0] += usize::from(is && found.is_some());
            score[1] += usize::from(found.is_some());
            score[2] += usize::from(is);
            if is != found.is_some() {
                println!("row {row}: {check} {}", if is { "missed" } else { "found where there is none" });
            }
        }
        read += 1;
    }
    for (check, _, [both, found, there]) in scores {
        println!("{check}: {there} of {read} replies by a person, {found} found, {both} of them right");
    }
}
