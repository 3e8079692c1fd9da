//! The sheets of what customers threaten with, and of how the desk served.

use super::super::{Lang, shown_ids};
use super::{Book, Written};
use rust_xlsxwriter::Worksheet;

impl Book<'_> {
    /// Customers to call back.
    pub(super) fn risks(&self, sheet: &mut Worksheet) -> Written {
        let columns = [
            (self.pick("风险", "風險", "Risk"), 18.0),
            (self.pick("事件号", "事件號", "Id"), 20.0),
            (self.pick("产品", "產品", "Product"), 18.0),
            (self.pick("原话", "原話", "Words"), 80.0),
        ];
        self.head(sheet, 0, &columns)?;
        let mut row = 0;
        for risk in &self.digest.risks {
            for ticket in &risk.tickets {
                row += 1;
                for (column, value) in (0u16..).zip([self.options.lang.named(&risk.name), &ticket.id, &ticket.product, &ticket.sentence]) {
                    self.write(sheet, row, column, value, &self.styles.text)?;
                }
            }
            if risk.count > risk.tickets.len() as u64 {
                row += 1;
                let (all, shown) = (risk.count, risk.tickets.len());
                let told = match self.options.lang {
                    Lang::Zh => format!("共 {all} 件，这里列出 {shown} 件"),
                    Lang::ZhHant => format!("共 {all} 件，這裡列出 {shown} 件"),
                    Lang::En => format!("{shown} of {all}"),
                };
                self.write(sheet, row, 0, self.options.lang.named(&risk.name), &self.styles.text)?;
                self.write(sheet, row, 3, &told, &self.styles.text)?;
            }
        }
        sheet.autofilter(0, 0, row, 3)?.set_freeze_panes(1, 0)?;
        Ok(())
    }

    /// One line a product, cause and check.
    pub(super) fn service(&self, sheet: &mut Worksheet) -> Written {
        let columns = [
            (self.pick("产品", "產品", "Product"), 18.0),
            (self.pick("类型", "類型", "Kind"), 9.0),
            (self.pick("原因", "原因", "Cause"), 34.0),
            (self.pick("有对话", "有對話", "Conversations"), 10.0),
            (self.pick("检查项", "檢查項", "Check"), 18.0),
            (self.pick("件数", "件數", "Count"), 9.0),
            (self.pick("占比", "佔比", "Share"), 9.0),
            (self.pick("事件号", "事件號", "Ids"), 40.0),
            (self.pick("原话", "原話", "Words"), 60.0),
        ];
        self.head(sheet, 0, &columns)?;
        let lang = self.options.lang;
        let mut row = 0;
        for served in &self.digest.service {
            let cause = if served.cause.is_empty() { lang.unassigned() } else { &served.cause };
            for check in &served.checks {
                row += 1;
                let (ids, more) = shown_ids(&check.ids, check.count, self.options);
                let ids = ids.join(" ") + if more { " …" } else { "" };
                for (column, value) in
                    [(0, &*self.product_name(&served.product)), (1, lang.kind(served.kind)), (2, cause), (4, lang.named(&check.name)), (7, &ids)]
                {
                    self.write(sheet, row, column, value, &self.styles.text)?;
                }
                self.write(sheet, row, 8, &check.sentences.join(" / "), &self.styles.text)?;
                sheet.write_number_with_format(row, 3, served.tickets as f64, &self.styles.number)?;
                sheet.write_number_with_format(row, 5, check.count as f64, &self.styles.number)?;
                sheet.write_number_with_format(row, 6, check.count as f64 / served.tickets.max(1) as f64, &self.styles.share)?;
            }
        }
        sheet.autofilter(0, 0, row, columns.len() as u16 - 1)?.set_freeze_panes(1, 0)?;
        Ok(())
    }

    /// One line an agent and check.
    pub(super) fn agents(&self, sheet: &mut Worksheet) -> Written {
        let columns = [
            (self.pick("客服", "客服", "Agent"), 18.0),
            (self.pick("接待件数", "接待件數", "Conversations"), 10.0),
            (self.pick("检查项", "檢查項", "Check"), 18.0),
            (self.pick("件数", "件數", "Count"), 9.0),
            (self.pick("占比", "佔比", "Share"), 9.0),
            (self.pick("事件号", "事件號", "Ids"), 40.0),
        ];
        self.head(sheet, 0, &columns)?;
        let mut row = 0;
        for (agent, check) in self.digest.agents.iter().flat_map(|a| a.checks.iter().map(move |c| (a, c))) {
            row += 1;
            let (ids, more) = shown_ids(&check.ids, check.count, self.options);
            let ids = ids.join(" ") + if more { " …" } else { "" };
            for (column, value) in [(0, &*agent.agent), (2, self.options.lang.named(&check.name)), (5, &ids)] {
                self.write(sheet, row, column, value, &self.styles.text)?;
            }
            sheet.write_number_with_format(row, 1, agent.tickets as f64, &self.styles.number)?;
            sheet.write_number_with_format(row, 3, check.count as f64, &self.styles.number)?;
            sheet.write_number_with_format(row, 4, check.count as f64 / agent.tickets.max(1) as f64, &self.styles.share)?;
        }
        sheet.autofilter(0, 0, row, columns.len() as u16 - 1)?.set_freeze_panes(1, 0)?;
        Ok(())
    }

    /// Causes of inquiries without a script, and scripts that nobody needed.
    pub(super) fn scripts(&self, sheet: &mut Worksheet) -> Written {
        let columns = [
            (self.pick("情况", "情況", "What"), 18.0),
            (self.pick("产品", "產品", "Product"), 18.0),
            (self.pick("原因", "原因", "Cause"), 34.0),
            (self.pick("咨询件数", "諮詢件數", "Inquiries"), 10.0),
            (self.pick("事件号", "事件號", "Ids"), 40.0),
        ];
        self.head(sheet, 0, &columns)?;
        let scripts = &self.digest.scripts;
        let missing = self.pick("没有话术", "沒有話術", "no script");
        let mut row = 0;
        for m in &scripts.missing {
            row += 1;
            let (ids, more) = shown_ids(&m.ids, m.count, self.options);
            let ids = ids.join(" ") + if more { " …" } else { "" };
            for (column, value) in [(0, missing), (1, &*self.product_name(&m.product)), (2, &m.cause), (4, &ids)] {
                self.write(sheet, row, column, value, &self.styles.text)?;
            }
            sheet.write_number_with_format(row, 3, m.count as f64, &self.styles.number)?;
        }
        for cause in &scripts.unused {
            row += 1;
            for (column, value) in [(0, self.pick("没人问到", "沒人問到", "nobody needed it")), (2, cause)] {
                self.write(sheet, row, column, value, &self.styles.text)?;
            }
            sheet.write_number_with_format(row, 3, 0.0, &self.styles.number)?;
        }
        sheet.autofilter(0, 0, row, columns.len() as u16 - 1)?.set_freeze_panes(1, 0)?;
        Ok(())
    }
}
