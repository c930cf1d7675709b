//! 分类树: the hierarchy by which items are classified (INC-03).

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::aggregate::check_name;
use super::{Content, ContentProblem};
use crate::ids::CategoryCode;
use crate::likeness::look;

/// The categories of the desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryTree {
    /// In the order in which they are shown.
    pub categories: Vec<Category>,
}

/// One node of the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    /// Unique in the tree.
    pub code: CategoryCode,
    /// The category above, none for the first level.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub parent: Option<CategoryCode>,
    /// Its name in Chinese.
    pub name_zh: String,
    /// Its name in English.
    pub name_en: String,
}

impl Category {
    /// A content may come from a file, whose codes nobody has looked at yet.
    fn check(&self) -> Result<(), String> {
        let code = CategoryCode::new(self.code.as_str());
        if code.map_err(|refused| format!("the code {refused}"))? != self.code {
            return Err("the code must not begin or end with white space".to_owned());
        }
        check_name(&self.name_zh)?;
        check_name(&self.name_en)
    }
}

impl CategoryTree {
    /// The category with this code, or else the one whose code looks like it.
    pub fn category(&self, code: &CategoryCode) -> Option<&Category> {
        let exact = self.categories.iter().find(|c| &c.code == code);
        exact.or_else(|| {
            let wanted = look(code.as_str());
            self.categories
                .iter()
                .find(|c| look(c.code.as_str()) == wanted)
        })
    }

    /// The tree that a new desk starts with.
    pub fn initial() -> Self {
        let nodes = [
            ("network", None, "网络", "Network"),
            ("network-vpn", Some("network"), "远程接入 VPN", "VPN"),
            ("network-lan", Some("network"), "局域网", "Local network"),
            (
                "network-wan",
                Some("network"),
                "广域网专线",
                "Wide-area lines",
            ),
            ("application", None, "应用系统", "Application"),
            (
                "application-error",
                Some("application"),
                "功能异常",
                "Malfunction",
            ),
            (
                "application-slow",
                Some("application"),
                "响应缓慢",
                "Slow response",
            ),
            (
                "application-data",
                Some("application"),
                "数据异常",
                "Wrong data",
            ),
            ("desktop", None, "桌面终端", "Desktop"),
            (
                "desktop-hardware",
                Some("desktop"),
                "终端硬件",
                "Desktop hardware",
            ),
            (
                "desktop-software",
                Some("desktop"),
                "终端软件",
                "Desktop software",
            ),
            ("desktop-printer", Some("desktop"), "打印机", "Printer"),
            ("account", None, "账号与权限", "Accounts and access"),
            ("account-password", Some("account"), "密码问题", "Password"),
            (
                "account-access",
                Some("account"),
                "权限问题",
                "Access rights",
            ),
            ("mail", None, "电子邮件", "E-mail"),
            ("telephony", None, "语音与视频", "Voice and video"),
            ("server", None, "服务器与存储", "Servers and storage"),
            ("database", None, "数据库", "Databases"),
            ("security", None, "信息安全", "Information security"),
            ("other", None, "其他", "Other"),
        ];
        let code = |code: &str| CategoryCode::new(code).ok();
        Self {
            categories: nodes
                .into_iter()
                .filter_map(|(own, parent, name_zh, name_en)| {
                    Some(Category {
                        code: code(own)?,
                        parent: parent.and_then(code),
                        name_zh: name_zh.to_owned(),
                        name_en: name_en.to_owned(),
                    })
                })
                .collect(),
        }
    }
}

impl Content for CategoryTree {
    const TYPE: &'static str = "category_tree";

    fn check(&self) -> Result<(), ContentProblem> {
        if self.categories.is_empty() {
            return Err(ContentProblem(
                "a tree needs at least one category".to_owned(),
            ));
        }
        let mut parents = HashMap::new();
        let mut looks = HashMap::new();
        for category in &self.categories {
            category.check().map_err(|problem| {
                ContentProblem(format!("category {}: {problem}", category.code))
            })?;
            if parents
                .insert(&category.code, category.parent.as_ref())
                .is_some()
            {
                return Err(ContentProblem(format!(
                    "category {} stands twice",
                    category.code
                )));
            }
            if let Some(other) = looks.insert(look(category.code.as_str()), &category.code) {
                return Err(ContentProblem(format!(
                    "category {} cannot be told from category {other}",
                    category.code
                )));
            }
        }
        for category in &self.categories {
            let mut above = category.parent.as_ref();
            let mut steps = 0;
            while let Some(code) = above {
                steps += 1;
                above = *parents.get(code).ok_or_else(|| {
                    ContentProblem(format!(
                        "category {} lies under {code}, which is not there",
                        category.code
                    ))
                })?;
                if steps > parents.len() {
                    return Err(ContentProblem(format!(
                        "category {} lies under itself",
                        category.code
                    )));
                }
            }
        }
        Ok(())
    }
}
