//! A storage array fails and nobody in the country can issue a policy.

use domain::priority::{Impact, Urgency};
use domain::work_item::Visibility::{Internal, Public};

use super::{Act, Child, Major, Move};
use crate::sample::arrivals::Tie;
use crate::sample::cast::Who;
use crate::sample::organisation::TeamKey;

const CHEN_JING: Who = Who::Member(TeamKey::Hotline, 0);
const LIU_YANG: Who = Who::Member(TeamKey::Hotline, 1);
const PENG_BO: Who = Who::Member(TeamKey::Core, 1);
const DENG_HUI: Who = Who::Member(TeamKey::Databases, 0);
const DONG_JIAN: Who = Who::Member(TeamKey::Systems, 0);
const XIAO_PENG: Who = Who::Member(TeamKey::Systems, 1);
const WEI_LAN: Who = Who::Requester(44);

const HEADS: &[&str] = &["wen.hua", "shao.jun", "qin.yue"];

pub(super) const MAJOR: Major = Major {
    key: "major-storage",
    days_before: 39,
    second_of_day: 9 * 3600 + 12 * 60,
    reporter: WEI_LAN,
    summary: "核心业务系统全国无法登录和出单",
    description: "运营管理部接到多家分公司电话，9 点 05 分起核心业务系统登录页打不开，已登录的提交时报“系统异常”。车险、非车险、批改、收付费全部停摆，营业厅正值早高峰。",
    category: "core-policy",
    service: "core-policy",
    ci: "app-core-policy",
    team: TeamKey::Core,
    moves: MOVES,
    children: CHILDREN,
    children_solution: "核心业务系统已恢复，滞留的投保单由后台统一补出单，请核对后打印。",
    children_contact: "电话回访网点，出单恢复正常，滞留单据已核对，同意关闭。",
};

const MOVES: &[Move] = &[
    Move(2, LIU_YANG, Act::Assign(TeamKey::Core, None)),
    Move(3, PENG_BO, Act::Accept),
    Move(
        4,
        PENG_BO,
        Act::Diagnose("应用节点全部存活但连不上数据库，怀疑数据库或存储层故障。"),
    ),
    Move(6, CHEN_JING, Act::Prioritise(Impact::High, Urgency::High)),
    Move(
        7,
        CHEN_JING,
        Act::Declare(
            "dong.jian",
            "全国网点无法出单，五分钟内接到 23 个来电，符合重大事件标准，启动应急指挥。",
        ),
    ),
    Move(
        8,
        CHEN_JING,
        Act::Management(
            1,
            "wen.hua",
            "重大事件，报告处室负责人，请求调集数据库和存储人员。",
        ),
    ),
    Move(
        9,
        CHEN_JING,
        Act::Notify(
            HEADS,
            "【重大事件通报一】09:05 起核心业务系统全国不可用，原因排查中，指挥人董健，下一次通报 09:40。各网点请启用手工投保单。",
        ),
    ),
    Move(
        10,
        LIU_YANG,
        Act::Say(
            Public,
            "已启动应急，各网点请按应急手册使用手工投保单，客户已刷卡的请保留小票。",
        ),
    ),
    Move(
        12,
        PENG_BO,
        Act::Find("应用日志自 09:04:51 起全部报数据库连接重置，数据库主机可以 ping 通。"),
    ),
    Move(
        14,
        PENG_BO,
        Act::Forward(
            TeamKey::Databases,
            "应用侧正常，数据库实例无响应，请数据库组接手。",
        ),
    ),
    Move(15, DENG_HUI, Act::Accept),
    Move(
        17,
        DENG_HUI,
        Act::Diagnose("实例挂起，后台进程等待写日志，怀疑存储卷不可写。"),
    ),
    Move(
        20,
        DENG_HUI,
        Act::Find("redo 日志所在的 LUN 返回 I/O 错误，两个控制器之一离线，另一个处于保护性只读。"),
    ),
    Move(21, DENG_HUI, Act::Ci("db-core-01")),
    Move(
        22,
        DENG_HUI,
        Act::Forward(
            TeamKey::Systems,
            "存储控制器故障，请存储组接手，数据库组原地待命。",
        ),
    ),
    Move(23, XIAO_PENG, Act::Accept),
    Move(
        24,
        XIAO_PENG,
        Act::Diagnose("控制器 A 电池模块失效触发写缓存保护，控制器 B 未能接管。"),
    ),
    Move(25, XIAO_PENG, Act::Ci("st-core-01")),
    Move(
        27,
        XIAO_PENG,
        Act::Outside(
            "存储厂商服务台",
            "SR-880412",
            "一级服务请求，要求厂商工程师立即远程接入并派人到场。",
        ),
    ),
    Move(
        28,
        CHEN_JING,
        Act::Management(
            2,
            "shao.jun",
            "预计超过 30 分钟不能恢复，报告部门负责人，协调厂商高层。",
        ),
    ),
    Move(29, CHEN_JING, Act::Watch("shao.jun")),
    Move(
        31,
        XIAO_PENG,
        Act::File("控制器事件日志.tar.gz", "application/gzip", 18_452_480),
    ),
    Move(
        34,
        DONG_JIAN,
        Act::Expect(120, "按更换部件和回切的演练用时估算。"),
    ),
    Move(
        35,
        CHEN_JING,
        Act::Notify(
            HEADS,
            "【重大事件通报二】原因初步定位为核心存储控制器故障，厂商已接入。同时准备切换同城灾备，预计 11:30 前恢复。",
        ),
    ),
    Move(
        41,
        WEI_LAN,
        Act::Urge("分公司总经理们都在问，能不能给一个确切时间？"),
    ),
    Move(
        48,
        XIAO_PENG,
        Act::Find("厂商确认控制器 B 固件存在接管缺陷，现场不宜强制接管，有数据不一致的风险。"),
    ),
    Move(
        50,
        DONG_JIAN,
        Act::Management(
            3,
            "qin.yue",
            "需要决策：切换同城灾备，预计丢失不超过 3 秒的交易，由业务逐笔核对。",
        ),
    ),
    Move(
        55,
        DONG_JIAN,
        Act::Say(
            Internal,
            "秦总电话批准切换灾备，通话已录音，运营管理部知悉并同意逐笔核对方案。",
        ),
    ),
    Move(
        58,
        DONG_JIAN,
        Act::Expect(90, "改为切换同城灾备，按演练用时估算。"),
    ),
    Move(
        60,
        CHEN_JING,
        Act::Notify(
            HEADS,
            "【重大事件通报三】已决定切换同城灾备，10:15 开始，预计 10:50 恢复出单。切换期间请勿重复提交。",
        ),
    ),
    Move(
        98,
        DONG_JIAN,
        Act::Workaround("核心库已切换到同城灾备，应用改连灾备实例，10:48 起各网点可以登录和出单。"),
    ),
    Move(
        104,
        DONG_JIAN,
        Act::Find("灾备库与生产最后一致点相差 2.1 秒，涉及 7 笔缴费，清单已交运营管理部核对。"),
    ),
    Move(110, DONG_JIAN, Act::Restore),
    Move(
        112,
        CHEN_JING,
        Act::Notify(
            HEADS,
            "【重大事件通报四】核心业务系统已在灾备侧恢复，请各网点补录手工投保单，异常单据报服务热线。",
        ),
    ),
    Move(
        150,
        LIU_YANG,
        Act::Contact(
            "与运营管理部魏岚确认：全国 22 家机构均已恢复出单，7 笔缴费核对完毕，无资金差错。",
        ),
    ),
    Move(
        160,
        XIAO_PENG,
        Act::Hold("等待厂商更换电池模块和控制器固件，业务运行在灾备侧。"),
    ),
    Move(400, XIAO_PENG, Act::Resume),
    Move(
        405,
        XIAO_PENG,
        Act::Effort(380, "应急处置、配合厂商更换部件"),
    ),
    Move(410, DENG_HUI, Act::Effort(320, "灾备切换与数据一致性核对")),
    Move(
        420,
        CHEN_JING,
        Act::StandDown("业务连续运行五小时无异常，生产存储部件已更换，转入常态跟踪。"),
    ),
    Move(
        425,
        DONG_JIAN,
        Act::Resolve(
            "hardware-replaced",
            "存储控制器 A 电池模块失效触发写保护，控制器 B 因固件缺陷未能自动接管。",
            "切换同城灾备恢复业务；更换电池模块并升级控制器固件，经接管测试通过，已在当晚回切生产。",
            "KB00150",
        ),
    ),
    Move(
        1500,
        CHEN_JING,
        Act::Say(
            Public,
            "回切已于昨晚完成，今日早高峰运行平稳，感谢各网点的配合。",
        ),
    ),
    Move(
        3000,
        CHEN_JING,
        Act::Review(
            "回顾结论：一、电池模块预警在两周前的巡检邮件中出现而无人跟进，改为告警进工单；二、控制器固件落后两个版本，纳入季度变更；三、灾备切换决策用时 15 分钟，授权值班经理在 20 分钟未恢复时直接启动；四、通报频次和口径得当，保留为模板。",
        ),
    ),
    Move(
        3020,
        LIU_YANG,
        Act::Contact("向魏岚通报回顾结论和改进计划，同意关闭。"),
    ),
    Move(3025, CHEN_JING, Act::Close),
    Move(
        3040,
        CHEN_JING,
        Act::Say(
            Internal,
            "回顾报告全文归档在应急管理目录，改进项由董健按月跟踪。",
        ),
    ),
];

const CHILDREN: &[Child] = &[
    Child {
        minute: 3,
        tie: Tie::Duplicate,
        reporter: Who::Requester(0),
        summary: "苏州中支核心系统登录不上",
        description: "登录页一直转圈，营业厅排了十几位客户，重启电脑没有用。",
    },
    Child {
        minute: 4,
        tie: Tie::Duplicate,
        reporter: Who::Requester(15),
        summary: "济南分公司出单提交报系统异常",
        description: "所有出单员提交都报“系统异常，请联系管理员”，大约从九点零五分开始。",
    },
    Child {
        minute: 5,
        tie: Tie::Duplicate,
        reporter: Who::Requester(29),
        summary: "成都核心系统打不开",
        description: "核心系统打不开，OA 和邮箱正常，问了绵阳也一样。",
    },
    Child {
        minute: 8,
        tie: Tie::Child,
        reporter: Who::Requester(22),
        summary: "广州分公司投标保证保险急需出单，系统不可用",
        description: "上午 11 点前要给客户出具投标保证保险，系统不可用，请问能否后台先出单。",
    },
    Child {
        minute: 9,
        tie: Tie::Duplicate,
        reporter: Who::Requester(36),
        summary: "郑州分公司全部窗口无法出单",
        description: "郑州全部窗口都提交不了，车管所旁边的网点客户意见很大。",
    },
    Child {
        minute: 13,
        tie: Tie::Child,
        reporter: Who::Requester(8),
        summary: "杭州分公司客户刷卡成功，保单未生成",
        description: "故障前后有 4 位客户刷卡成功但没有保单，需要登记并在恢复后补出。",
    },
    Child {
        minute: 16,
        tie: Tie::Child,
        reporter: Who::Requester(18),
        summary: "青岛分公司收付费日结无法进行",
        description: "昨日日结还差最后一步，核心系统不可用，财务月报今天要交。",
    },
    Child {
        minute: 19,
        tie: Tie::Duplicate,
        reporter: Who::Requester(42),
        summary: "宜昌中支核心系统无法登录",
        description: "登录提示连接超时，已经换了两台电脑。",
    },
];
