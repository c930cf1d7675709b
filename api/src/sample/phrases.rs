//! What people at the desk write whatever the story: why something goes back
//! or on, that somebody presses, that a call was made. Each phrase stands in
//! both languages; the placeholders are those of the stories.

use super::organisation::Language;

/// A set of phrases with the same meaning.
#[derive(Debug)]
pub(super) struct Phrases {
    zh: &'static [&'static str],
    en: &'static [&'static str],
}

impl Phrases {
    /// The phrases of a language.
    pub(super) fn of(&self, language: Language) -> &'static [&'static str] {
        match language {
            Language::Chinese => self.zh,
            Language::English => self.en,
        }
    }
}

/// The desk takes note.
pub(super) const WELCOME: Phrases = Phrases {
    zh: &[
        "{dear}您好，您反映的问题已受理，稍后由专业组同事与您联系。",
        "{dear}您好，工单已登记，处理进展会在这里更新，请留意。",
        "{dear}您好，已收到，正在为您分派处理人员。",
    ],
    en: &[
        "Hello {dear}, thank you for letting us know. It is registered and a specialist will look at it shortly.",
        "Hello {dear}, we have your report and are finding the right colleague for it.",
    ],
};

/// How people sign what they report.
pub(super) const SIGNED: Phrases = Phrases {
    zh: &[
        "联系人：{name}，{place}，分机 8{extension}。",
        "报障人{name}（{place}），设备号{device}，分机 8{extension}。",
        "我在{place}，分机 8{extension}，随时可以联系。{name}",
    ],
    en: &[
        "{name}, {place}, extension 8{extension}",
        "Please call me on extension 8{extension} ({place}). {name}",
        "My machine is {device}, extension 8{extension}. {name}",
    ],
};

/// How monitoring ends what it reports.
pub(super) const RAISED: Phrases = Phrases {
    zh: &["规则编号 R{extension}，值班大屏已推送。"],
    en: &["Rule R{extension}, shown on the duty screen."],
};

/// Why a team sends an item back.
pub(super) const RETURN: Phrases = Phrases {
    zh: &[
        "经核查与本组系统无关，日志中没有对应请求，请重新判断归属后分派。",
        "描述缺少报错截图和发生时间，无法定位，请补充后再派。",
        "该系统已于上月移交其他组运维，本组无权限处理，退回重派。",
        "现场已确认不是本组负责的设备，请服务台改派。",
    ],
    en: &[
        "Nothing of this reaches our systems, there is no matching request in the logs. Please find the right team.",
        "Ours ended with last month's handover; we no longer have access. Back to the desk.",
        "Not enough to go by: please add the time and a screenshot before it is sent on.",
    ],
};

/// Why a team passes an item to a peer.
pub(super) const FORWARD: Phrases = Phrases {
    zh: &[
        "本组侧排查正常，问题出在你们负责的组件，日志已附，请接手。",
        "与你组电话沟通过，由你们继续处理，用户侧信息都已收集。",
        "根因在你组维护的系统，本组配合验证。",
    ],
    en: &[
        "Our side is clean, the fault is in your component. Logs are attached, please take over.",
        "As discussed on the phone: yours to go on with, we help to verify.",
    ],
};

/// Why another organisation's platform is asked.
pub(super) const FORWARD_OUTSIDE: Phrases = Phrases {
    zh: &[
        "已在对方平台提单，请对方排查其侧日志并反馈。",
        "需要对方配合处理，工单号已登记，每两小时跟进一次。",
    ],
    en: &[
        "Raised with the other side under this reference, we ask for their logs.",
        "Needs work on their side; we follow up every two hours.",
    ],
};

/// Why a deeper line is asked.
pub(super) const ESCALATE: Phrases = Phrases {
    zh: &[
        "一线已按知识库排查，重启和换终端均无效，需要二线查后台日志。",
        "现场已排除终端和线路问题，请专业组进一步分析。",
        "涉及后台配置，一线没有权限，升级处理。",
    ],
    en: &[
        "First-line steps are done without effect; somebody has to look at the server side.",
        "Device and line are ruled out, please analyse further.",
    ],
};

/// Why the developers are asked.
pub(super) const ESCALATE_TO_DEVELOPERS: Phrases = Phrases {
    zh: &[
        "已定位到程序缺陷，需要研发确认修复方案，复现步骤和日志已附。",
        "运维侧只能临时规避，根治需要改代码，请研发接手。",
    ],
    en: &[
        "This is a defect in the program; steps to reproduce and logs are attached.",
        "Operations can only work around it, the cure is in the code.",
    ],
};

/// Why management is told.
pub(super) const HIERARCHY: Phrases = Phrases {
    zh: &[
        "影响多个网点且超过承诺时限，报告处室负责人协调资源。",
        "客户已向客服热线投诉，存在舆情风险，升级报告。",
        "需要跨部门协调，请领导关注。",
    ],
    en: &[
        "Past the promised time with several offices affected; management is asked for resources.",
        "Two departments have to act together; somebody above both is asked.",
    ],
};

/// Work waits for the supplier.
pub(super) const HOLD_SUPPLIER: Phrases = Phrases {
    zh: &[
        "等待厂商定位并提供修复方案，已约定每日反馈。",
        "厂商正在分析，预计两个工作日内答复。",
        "等待对方平台处理结果，单号已登记。",
    ],
    en: &[
        "Waiting for the vendor's analysis, they report daily.",
        "Waiting for the other side, the reference is on file.",
    ],
};

/// Work waits for a change.
pub(super) const HOLD_CHANGE: Phrases = Phrases {
    zh: &[
        "修复需在生产变更窗口实施，变更单已提交，排在本周四晚。",
        "等待随例行版本发布，期间按临时措施使用。",
    ],
    en: &[
        "The fix goes out in the next maintenance window; the change is submitted.",
        "Waits for the regular release, the workaround holds until then.",
    ],
};

/// Work waits for a problem's analysis.
pub(super) const HOLD_PROBLEM: Phrases = Phrases {
    zh: &[
        "同类事件已多次发生，转入问题分析，根因明确后继续处理。",
        "等待问题组对根因的结论，业务已恢复。",
    ],
    en: &[
        "Has happened before; waits for the problem analysis to find the cause.",
        "Service is back; the cause is being looked for as a problem.",
    ],
};

/// Work waits for an approval.
pub(super) const HOLD_APPROVAL: Phrases = Phrases {
    zh: &[
        "涉及生产数据修改，等待业务部门书面授权。",
        "需合规部门审批后方可调整，审批单已提交。",
    ],
    en: &[
        "Production data would be changed; waits for the owner's written consent.",
        "Compliance has to agree first, the request is with them.",
    ],
};

/// Work waits for the requester.
pub(super) const HOLD_REQUESTER: Phrases = Phrases {
    zh: &["等待用户补充信息。", "已联系用户，等其提供截图和时间点。"],
    en: &["Waiting for details from the requester."],
};

/// Work goes on after a hold.
pub(super) const RESUMED: Phrases = Phrases {
    zh: &[
        "等待事项已有结果，继续处理。",
        "对方已反馈，恢复处理并验证。",
    ],
    en: &[
        "What we waited for is there, work goes on.",
        "The other side has answered; verifying.",
    ],
};

/// The requester presses.
pub(super) const URGE: Phrases = Phrases {
    zh: &[
        "客户还在柜台等，麻烦再快一点。",
        "等了好一阵了，请问处理到哪一步了？",
        "领导在问进度，请尽快回复。",
        "今天必须办完，请优先处理，谢谢。",
    ],
    en: &[
        "Any news? The client is asking again.",
        "This holds up our closing, please give it priority.",
    ],
};

/// What chosen people are told while work goes on.
pub(super) const NOTICE: Phrases = Phrases {
    zh: &[
        "【阶段通知】{system}异常已定位，正在处理，{place}请先按临时措施办理业务，下一次通知在一小时内。",
        "【阶段通知】{system}影响范围未扩大，处理人{agent}，预计今天内恢复。",
        "【阶段通知】{system}已采取临时措施，业务可用，根治工作继续。",
    ],
    en: &[
        "[Update] The cause of the trouble with {system} is known and being worked on. Next update within the hour.",
        "[Update] A workaround for {system} is in place; {agent} goes on with the cure.",
    ],
};

/// A call to the requester once it works.
pub(super) const CALLED: Phrases = Phrases {
    zh: &[
        "电话联系{name}，告知处理结果，对方验证正常，同意关闭。",
        "与{name}通话确认业务已恢复，无其他问题。",
        "回访{name}，反馈满意。",
    ],
    en: &[
        "Called {name}: it works, no further questions, fine to close.",
        "{name} confirmed on the phone that everything is back to normal.",
    ],
};

/// A call to the requester at the first contact.
pub(super) const GUIDED: Phrases = Phrases {
    zh: &[
        "电话指导{name}逐步操作，当场恢复。",
        "远程协助{name}处理完毕，对方确认可用。",
    ],
    en: &[
        "Walked {name} through it on the phone, works now.",
        "Took over the screen with consent and set it right together with {name}.",
    ],
};

/// The requester is content.
pub(super) const THANKS: Phrases = Phrases {
    zh: &[
        "已经可以了，谢谢。",
        "验证正常，辛苦了！",
        "好用了，多谢{agent}。",
    ],
    en: &[
        "Works again, thank you.",
        "All good now, thanks a lot {agent}.",
    ],
};

/// The requester is not content.
pub(super) const REJECT: Phrases = Phrases {
    zh: &[
        "刚试了一下，问题还在，和之前一样。",
        "只好了一部分，另外两个网点还是不行。",
        "上午好了，下午又出现了，请继续处理。",
    ],
    en: &[
        "Just tried it: no difference, same message as before.",
        "It works for me but not for my two colleagues, so it is not over.",
    ],
};

/// It was not over.
pub(super) const REOPEN: Phrases = Phrases {
    zh: &[
        "同样的问题今天又出现了，请重新处理。",
        "关闭后正常了两天，今天早上复发。",
    ],
    en: &[
        "The same again this morning, please have another look.",
        "It held for two days and is back.",
    ],
};

/// What was found the second time.
pub(super) const SECOND_FINDING: Phrases = Phrases {
    zh: &[
        "复查发现上次处理得不完整，同样的情况在另一处仍然存在。",
        "上次的设置被夜间自动任务还原，需要一并修改。",
    ],
    en: &[
        "The first fix did not reach everything that was affected.",
        "A nightly job undid the first fix; it has to be changed as well.",
    ],
};

/// What ended it the second time.
pub(super) const SECOND_SOLUTION: Phrases = Phrases {
    zh: &[
        "已对全部受影响的地方重新处理，并修正了自动任务，观察至今未再出现。",
        "遗漏的部分已补做，与{name}一起逐项验证通过。",
    ],
    en: &[
        "Done everywhere it was needed and in the nightly job; it has held since.",
        "What was left out is done; verified step by step with {name}.",
    ],
};

/// The requester takes it back.
pub(super) const WITHDRAWN: Phrases = Phrases {
    zh: &[
        "自己找到原因了，是我操作的问题，撤销。",
        "重启以后好了，不用处理了，谢谢。",
    ],
    en: &[
        "Found it myself, sorry for the noise.",
        "It works after a restart, please drop this.",
    ],
};

/// The desk finds that there is nothing to do.
pub(super) const NO_INCIDENT: Phrases = Phrases {
    zh: &[
        "与用户确认属于正常的业务规则，并非故障，取消。",
        "计划内维护引起，已有公告，取消本单。",
        "应走服务请求流程，已引导用户另行提交申请，取消。",
    ],
    en: &[
        "Works as designed, explained to the requester; no incident.",
        "Planned maintenance, announced last week; no incident.",
    ],
};

/// Why two incidents become one.
pub(super) const MERGE: Phrases = Phrases {
    zh: &[
        "与已受理的事件为同一故障，合并处理。",
        "同一网点同一现象重复报单，合并。",
    ],
    en: &[
        "The same fault as the one already being worked on.",
        "Reported twice from the same office.",
    ],
};

/// Why the matrix is overruled.
pub(super) const OVERRIDE: Phrases = Phrases {
    zh: &[
        "临近月末结账，业务部门要求提级处理。",
        "涉及监管时限，按上一级处理。",
    ],
    en: &[
        "Month-end closing is near, raised at the wish of the business.",
        "A regulatory deadline depends on it.",
    ],
};

/// Why a time is expected, for the first time.
pub(super) const EXPECTED: Phrases = Phrases {
    zh: &["按同类问题以往处理用时估算。", "按处理方案的步骤估算。"],
    en: &[
        "About as long as the last ones like it took.",
        "By the steps that the fix takes.",
    ],
};

/// Why an expected time is moved.
pub(super) const ADJUSTED: Phrases = Phrases {
    zh: &[
        "定位比预计费时，相应顺延。",
        "需等夜间窗口实施，调整预计时间。",
    ],
    en: &[
        "Finding the cause takes longer than thought.",
        "Has to wait for tonight's window.",
    ],
};

/// Why a detail is put right.
pub(super) const CORRECTED: Phrases = Phrases {
    zh: &["原摘要不准确，核实后更正。", "与报障人核对后更正描述。"],
    en: &[
        "The first wording was not accurate.",
        "Put right after talking to the requester.",
    ],
};

/// Why nobody was told before the closing.
pub(super) const NOBODY_TO_TELL: Phrases = Phrases {
    zh: &["监控自动上报，无报障人，指标恢复后关闭。"],
    en: &["Reported by monitoring, nobody to tell; the figures are back to normal."],
};

/// What the review of an important incident says.
pub(super) const REVIEW: Phrases = Phrases {
    zh: &[
        "回顾：发现及时，定位用时偏长。改进：一、补充对应监控；二、更新应急手册；三、责任组在下月例会上复盘。",
        "回顾：根因为变更评审遗漏。改进：评审清单增加对应条目，由变更经理抽查三个月。",
    ],
    en: &[
        "Review: seen in time, found slowly. Actions: add the missing alert, update the runbook, report next month.",
        "Review: the change that led to it was not reviewed by all it touched. Action: one more line on the checklist.",
    ],
};

/// What time was spent on.
pub(super) const EFFORT: Phrases = Phrases {
    zh: &[
        "日志分析与复现",
        "现场处理",
        "与厂商联合排查",
        "修复与验证",
        "电话支持",
    ],
    en: &[
        "Analysis",
        "On site",
        "Call with the vendor",
        "Fix and verification",
    ],
};

/// Files that requesters attach: name, media type, about how many kilobytes.
pub(super) const FILES: [(&str, &str, u32); 6] = [
    ("报错截图.png", "image/png", 340),
    ("现场照片.jpg", "image/jpeg", 2_100),
    ("明细清单.xlsx", SPREADSHEET, 88),
    ("screenshot.png", "image/png", 410),
    ("photo.jpg", "image/jpeg", 1_900),
    ("details.xlsx", SPREADSHEET, 64),
];

/// Files that those at the desk attach.
pub(super) const LOGS: [(&str, &str, u32); 3] = [
    ("application.log.gz", "application/gzip", 1_250),
    ("capture.pcap", "application/vnd.tcpdump.pcap", 4_800),
    ("排查记录.docx", DOCUMENT, 96),
];

const SPREADSHEET: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const DOCUMENT: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

/// The organisation's own fields and what they hold; the last one says
/// something about insurance only.
pub(super) const FIELDS: [(&str, &[&str]); 3] = [
    ("受影响网点数 outlets affected", &["1", "2", "3", "5", "8"]),
    ("客诉 complaint", &["否", "是"]),
    (
        "险种 line of business",
        &["车险", "企财险", "家财险", "意外健康险", "农险", "货运险"],
    ),
];
