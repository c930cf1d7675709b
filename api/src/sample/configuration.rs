//! The insurer's own categories and priorities. They take the place of what a
//! new desk starts with.

use domain::configuration::{Category, CategoryTree, Level, PriorityMatrix};
use domain::ids::CategoryCode;
use domain::priority::Priority;
use domain::text::TextRefused;

/// The categories: code, the code above it (empty for the first level),
/// Chinese and English name.
const CATEGORIES: [(&str, &str, &str, &str); 50] = [
    ("core", "", "核心业务", "Core insurance"),
    ("core-policy", "core", "承保出单", "Policy issuing"),
    (
        "core-endorse",
        "core",
        "批改与退保",
        "Endorsements and cancellations",
    ),
    ("core-quote", "core", "车险报价", "Motor quotation"),
    ("core-premium", "core", "收付费", "Premium collection"),
    ("core-reinsurance", "core", "再保险", "Reinsurance"),
    ("claims", "", "理赔", "Claims"),
    ("claims-case", "claims", "案件处理", "Case handling"),
    ("claims-payment", "claims", "赔款支付", "Claims payment"),
    (
        "claims-imaging",
        "claims",
        "影像资料",
        "Documents and images",
    ),
    ("claims-survey", "claims", "移动查勘", "Mobile survey"),
    ("channel", "", "渠道与客户", "Channels and customers"),
    ("channel-app", "channel", "移动客户端", "Mobile app"),
    ("channel-web", "channel", "官网与微信", "Website and WeChat"),
    ("channel-call", "channel", "客服热线", "Call centre"),
    ("channel-record", "channel", "双录", "Sales recording"),
    ("interface", "", "外部接口", "External interfaces"),
    (
        "interface-regulator",
        "interface",
        "监管报送",
        "Regulatory reporting",
    ),
    (
        "interface-motor",
        "interface",
        "车险信息平台",
        "Motor information platform",
    ),
    (
        "interface-payment",
        "interface",
        "银行与支付",
        "Banks and payment",
    ),
    (
        "interface-partner",
        "interface",
        "合作方接口",
        "Partner interfaces",
    ),
    ("network", "", "网络", "Network"),
    ("network-wan", "network", "广域网专线", "Branch lines"),
    ("network-lan", "network", "局域网", "Local network"),
    ("network-wifi", "network", "无线网络", "Wireless network"),
    ("network-vpn", "network", "远程接入 VPN", "VPN"),
    ("office", "", "办公协同", "Collaboration"),
    ("office-oa", "office", "OA 公文流转", "Office workflow"),
    ("office-mail", "office", "电子邮件", "E-mail"),
    ("office-meeting", "office", "视频会议", "Video conferencing"),
    ("office-voice", "office", "电话", "Telephony"),
    ("office-files", "office", "文件共享", "File sharing"),
    ("desktop", "", "桌面终端", "Desktop"),
    (
        "desktop-hardware",
        "desktop",
        "终端硬件",
        "Desktop hardware",
    ),
    (
        "desktop-software",
        "desktop",
        "终端软件",
        "Desktop software",
    ),
    (
        "desktop-printer",
        "desktop",
        "打印与扫描",
        "Printing and scanning",
    ),
    ("account", "", "账号与权限", "Accounts and access"),
    (
        "account-password",
        "account",
        "密码与锁定",
        "Passwords and lock-outs",
    ),
    ("account-access", "account", "权限", "Access rights"),
    ("infrastructure", "", "基础设施", "Infrastructure"),
    (
        "infrastructure-server",
        "infrastructure",
        "服务器与虚拟化",
        "Servers and virtualisation",
    ),
    (
        "infrastructure-storage",
        "infrastructure",
        "存储与备份",
        "Storage and backup",
    ),
    (
        "infrastructure-database",
        "infrastructure",
        "数据库",
        "Databases",
    ),
    ("data", "", "数据与报表", "Data and reports"),
    ("data-report", "data", "报表异常", "Reports"),
    ("security", "", "信息安全", "Information security"),
    ("security-malware", "security", "恶意程序", "Malware"),
    ("security-mail", "security", "钓鱼邮件", "Phishing"),
    ("security-certificate", "security", "证书", "Certificates"),
    ("other", "", "其他", "Other"),
];

/// The insurer's category tree.
pub(super) fn category_tree() -> Result<CategoryTree, TextRefused> {
    let category = |(code, parent, name_zh, name_en): (&str, &str, &str, &str)| {
        let parent = Some(parent).filter(|code| !code.is_empty());
        Ok(Category {
            code: CategoryCode::new(code)?,
            parent: parent.map(CategoryCode::new).transpose()?,
            name_zh: name_zh.to_owned(),
            name_en: name_en.to_owned(),
        })
    };
    let categories = CATEGORIES.into_iter().map(category);
    Ok(CategoryTree {
        categories: categories.collect::<Result<_, TextRefused>>()?,
    })
}

/// The insurer's priority matrix: shorter windows than a new desk has, and a
/// low urgency never makes more than a moderate priority.
pub(super) fn priority_matrix() -> PriorityMatrix {
    use Priority::{P1, P2, P3, P4, P5};
    let level = |priority, name_zh: &str, name_en: &str, confirm, reopen_days: u32| Level {
        priority,
        name_zh: name_zh.to_owned(),
        name_en: name_en.to_owned(),
        confirm_within_hours: confirm,
        reopen_within_hours: reopen_days * 24,
        review_required: priority <= P2,
    };
    PriorityMatrix {
        rows: [[P1, P2, P3], [P2, P3, P4], [P3, P4, P5]],
        levels: vec![
            level(P1, "一级", "Critical", 48, 30),
            level(P2, "二级", "High", 72, 30),
            level(P3, "三级", "Moderate", 120, 21),
            level(P4, "四级", "Low", 120, 21),
            level(P5, "五级", "Planned", 168, 21),
        ],
    }
}
