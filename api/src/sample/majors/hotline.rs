//! The customer hotline and the mobile app cannot be reached from outside.

use domain::priority::{Impact, Urgency};
use domain::work_item::Visibility::{Internal, Public};

use super::{Act, Child, Major, Move};
use crate::sample::arrivals::Tie;
use crate::sample::cast::Who;
use crate::sample::organisation::TeamKey;

const CHEN_JING: Who = Who::Member(TeamKey::Hotline, 0);
const XU_NA: Who = Who::Member(TeamKey::Hotline, 5);
const YE_QING: Who = Who::Member(TeamKey::Office, 0);
const XIE_MING: Who = Who::Member(TeamKey::Network, 0);
const TANG_WEI: Who = Who::Member(TeamKey::Network, 1);
const YAO_QIAN: Who = Who::Member(TeamKey::ChannelDevelopment, 1);
const DING_LING: Who = Who::Requester(46);

const HEADS: &[&str] = &["wen.hua", "shao.jun"];

pub(super) const MAJOR: Major = Major {
    key: "major-hotline",
    days_before: 11,
    second_of_day: 14 * 3600 + 36 * 60,
    reporter: DING_LING,
    summary: "客服热线打不进来，澜泽 App 和官网同时无法访问",
    description: "客户服务部 14 点 30 分发现来电量骤降为零，用手机拨打热线提示“线路忙”，App 打开一直加载，官网也打不开。当天台风登陆浙江，正是报案高峰。",
    category: "channel-call",
    service: "call-centre",
    ci: "app-callcentre",
    team: TeamKey::Network,
    moves: MOVES,
    children: CHILDREN,
    children_solution: "互联网出口和语音中继已恢复，客户可以正常拨打热线、访问 App 和官网。The internet edge and the voice trunks are back; please try again.",
    children_contact: "电话回访，已恢复正常，同意关闭。Called back: works again, fine to close.",
};

const MOVES: &[Move] = &[
    Move(2, XU_NA, Act::Assign(TeamKey::Office, Some(YE_QING))),
    Move(4, YE_QING, Act::Accept),
    Move(
        5,
        YE_QING,
        Act::Diagnose("热线平台内部正常，坐席之间可以互拨，怀疑外线中继或互联网出口。"),
    ),
    Move(6, CHEN_JING, Act::Prioritise(Impact::High, Urgency::High)),
    Move(
        8,
        CHEN_JING,
        Act::Declare(
            "xie.ming",
            "热线、App、官网同时不可达，且正值台风报案高峰，启动重大事件。",
        ),
    ),
    Move(
        9,
        CHEN_JING,
        Act::Notify(
            HEADS,
            "【重大事件通报一】14:30 起客户热线及线上渠道不可达，原因排查中，指挥人谢明。理赔部请启用分公司应急报案电话。",
        ),
    ),
    Move(
        11,
        YE_QING,
        Act::Find("语音中继与互联网业务走同一数据中心出口，边界路由器上行光口全部中断。"),
    ),
    Move(
        12,
        YE_QING,
        Act::Forward(
            TeamKey::Network,
            "语音平台无异常，出口链路中断，请网络组接手。",
        ),
    ),
    Move(13, TANG_WEI, Act::Accept),
    Move(
        14,
        TANG_WEI,
        Act::Diagnose("两家运营商同时中断，怀疑共用的楼内光缆竖井受损。"),
    ),
    Move(15, TANG_WEI, Act::Ci("rt-edge-hq-01")),
    Move(
        16,
        TANG_WEI,
        Act::Outside(
            "电信运营商政企工单",
            "CT-20881734",
            "双路中断，申请紧急抢修。",
        ),
    ),
    Move(
        17,
        TANG_WEI,
        Act::Outside("联通政企服务台", "CU-55120931", "双路中断，申请紧急抢修。"),
    ),
    Move(
        19,
        CHEN_JING,
        Act::Management(1, "wen.hua", "双运营商中断，客户报案受阻，报告处室负责人。"),
    ),
    Move(
        22,
        TANG_WEI,
        Act::Find(
            "大楼物业确认地下一层竖井进水，消防排水施工时切断了弱电桥架，两家光缆在同一桥架内。",
        ),
    ),
    Move(
        23,
        TANG_WEI,
        Act::File("竖井现场.jpg", "image/jpeg", 3_481_600),
    ),
    Move(
        25,
        XIE_MING,
        Act::Expect(180, "按运营商答复的抢修用时估算。"),
    ),
    Move(
        27,
        DING_LING,
        Act::Urge("台风报案客户打不进来，分公司应急电话也快占满了，请再想办法。"),
    ),
    Move(
        30,
        XIE_MING,
        Act::Say(
            Internal,
            "备选方案：把热线号码临时改到成都灾备中心，线上域名切到灾备出口。需运营商配合改号码路由，约 40 分钟。",
        ),
    ),
    Move(
        32,
        XIE_MING,
        Act::Management(
            2,
            "shao.jun",
            "申请启用成都灾备出口，涉及对外号码路由变更。",
        ),
    ),
    Move(
        36,
        CHEN_JING,
        Act::Notify(
            HEADS,
            "【重大事件通报二】数据中心楼内光缆被切断，正在切换到成都灾备出口，线上渠道预计 15:30、热线预计 15:50 恢复。",
        ),
    ),
    Move(
        52,
        XIE_MING,
        Act::Workaround(
            "官网和 App 域名已切换到成都灾备出口，15:28 起陆续可以访问；热线改号码路由进行中。",
        ),
    ),
    Move(54, XIE_MING, Act::Ci("app-customer-mobile")),
    Move(
        60,
        YAO_QIAN,
        Act::Say(
            Internal,
            "App 端有 DNS 缓存，已推送强制刷新配置，五分钟内生效。",
        ),
    ),
    Move(
        76,
        XIE_MING,
        Act::Workaround(
            "热线号码已由运营商改路由到成都灾备中心，15:52 恢复接听，坐席 60 席，溢出话务转分公司。",
        ),
    ),
    Move(78, XIE_MING, Act::Restore),
    Move(
        80,
        CHEN_JING,
        Act::Notify(
            HEADS,
            "【重大事件通报三】热线、App、官网均已恢复，由成都灾备承载。未接通的来电已由运营商导出，客服逐一回拨。",
        ),
    ),
    Move(95, XIE_MING, Act::Expect(300, "光缆熔接需等竖井排水完成。")),
    Move(
        96,
        XU_NA,
        Act::Contact("与客户服务部丁玲确认接通率恢复到 93%，412 个未接来电正在回拨。"),
    ),
    Move(100, TANG_WEI, Act::Hold("等待物业排水和两家运营商熔接。")),
    Move(470, TANG_WEI, Act::Resume),
    Move(
        475,
        TANG_WEI,
        Act::Find("两家光缆均已熔接，收光正常；临时将联通光缆改走东侧竖井，不再同路由。"),
    ),
    Move(480, TANG_WEI, Act::Effort(300, "现场抢修、切换与回切")),
    Move(
        485,
        CHEN_JING,
        Act::StandDown("主出口恢复并完成回切，观察一小时正常。"),
    ),
    Move(
        490,
        XIE_MING,
        Act::Resolve(
            "third-party",
            "大楼排水施工切断弱电桥架，两家运营商光缆同桥架敷设，双路同时中断。",
            "先切换成都灾备出口恢复业务，光缆熔接后回切；联通光缆改走东侧竖井，实现物理双路由。",
            "KB00151",
        ),
    ),
    Move(
        1400,
        DING_LING,
        Act::Say(Public, "回拨已全部完成，没有漏掉的报案，辛苦大家。"),
    ),
    Move(
        2900,
        CHEN_JING,
        Act::Review(
            "回顾结论：一、双运营商未做到物理双路由，已整改并对其余两个机房排查；二、号码改路由依赖运营商人工，签订十五分钟应急协议；三、线上渠道切换脚本有效，热线切换补充到季度演练；四、台风等预警期间禁止机房楼施工。",
        ),
    ),
    Move(2910, XU_NA, Act::Contact("向丁玲通报回顾结论，同意关闭。")),
    Move(2915, CHEN_JING, Act::Close),
];

const CHILDREN: &[Child] = &[
    Child {
        minute: 3,
        tie: Tie::Duplicate,
        reporter: Who::Requester(12),
        summary: "宁波客户反映热线打不通",
        description: "台风报案客户都打到分公司来了，说客服热线一直忙。",
    },
    Child {
        minute: 5,
        tie: Tie::Duplicate,
        reporter: Who::Requester(52),
        summary: "Customer app and website do not load from Hong Kong",
        description: "Clients tell us that neither the app nor the website loads since half past two. Internal systems work.",
    },
    Child {
        minute: 7,
        tie: Tie::Child,
        reporter: Who::Requester(13),
        summary: "温州查勘员无法接收派工",
        description: "移动查勘收不到新案件，台风现场有三十多个查勘员在等派工。",
    },
    Child {
        minute: 10,
        tie: Tie::Child,
        reporter: Who::Requester(57),
        summary: "Broker portal unreachable, marine certificates cannot be issued",
        description: "Brokers cannot reach the cargo portal; two shipments sail tonight and need certificates.",
    },
    Child {
        minute: 12,
        tie: Tie::Duplicate,
        reporter: Who::Requester(26),
        summary: "深圳分公司客户 App 无法打开",
        description: "客户在柜面用 App 办保全，页面一直加载，切换流量也不行。",
    },
    Child {
        minute: 18,
        tie: Tie::Child,
        reporter: Who::Requester(30),
        summary: "成都坐席话务突增，排队超过两百",
        description: "热线切换后来电集中到成都，坐席排队超过两百，请协助开通分公司溢出路由。",
    },
];
