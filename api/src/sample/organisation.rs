//! The insurer of the sample desk: 澜泽财产保险, a company that does not exist,
//! with a head office in Wuhan, branches in seven provinces and an office in
//! Hong Kong; the twelve teams of its desk, and those who ask them for help.

use domain::Role;
use domain::ids::TeamId;
use domain::work_item::SupportLine;

/// The language that somebody writes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    /// 中文.
    Chinese,
    /// English.
    English,
}

/// A part of the insurer that stands somewhere.
#[derive(Debug)]
pub(super) struct Place {
    /// Its name in Chinese.
    pub(super) name_zh: &'static str,
    /// Its name in English.
    pub(super) name_en: &'static str,
    /// Its code in the names of devices and lines.
    pub(super) code: &'static str,
    /// The team that comes to the desk there.
    pub(super) field_team: TeamKey,
}

const fn place(
    name_zh: &'static str,
    name_en: &'static str,
    code: &'static str,
    field_team: TeamKey,
) -> Place {
    Place {
        name_zh,
        name_en,
        code,
        field_team,
    }
}

/// Where the insurer is.
pub(super) const PLACES: [Place; 22] = [
    place("总公司", "Head Office", "hq", TeamKey::West),
    place("南京分公司", "Nanjing branch", "nj", TeamKey::East),
    place("苏州中支", "Suzhou sub-branch", "sz2", TeamKey::East),
    place("无锡中支", "Wuxi sub-branch", "wx", TeamKey::East),
    place("徐州中支", "Xuzhou sub-branch", "xz", TeamKey::East),
    place("杭州分公司", "Hangzhou branch", "hz", TeamKey::East),
    place("宁波分公司", "Ningbo branch", "nb", TeamKey::East),
    place("温州中支", "Wenzhou sub-branch", "wz", TeamKey::East),
    place("济南分公司", "Jinan branch", "jn", TeamKey::East),
    place("青岛分公司", "Qingdao branch", "qd", TeamKey::East),
    place("烟台中支", "Yantai sub-branch", "yt", TeamKey::East),
    place("广州分公司", "Guangzhou branch", "gz", TeamKey::East),
    place("深圳分公司", "Shenzhen branch", "sz", TeamKey::East),
    place("佛山中支", "Foshan sub-branch", "fs", TeamKey::East),
    place("成都分公司", "Chengdu branch", "cd", TeamKey::West),
    place("绵阳中支", "Mianyang sub-branch", "my", TeamKey::West),
    place("宜宾中支", "Yibin sub-branch", "yb", TeamKey::West),
    place("郑州分公司", "Zhengzhou branch", "zz", TeamKey::West),
    place("洛阳中支", "Luoyang sub-branch", "ly", TeamKey::West),
    place("襄阳中支", "Xiangyang sub-branch", "xy", TeamKey::West),
    place("宜昌中支", "Yichang sub-branch", "yc", TeamKey::West),
    place("香港办事处", "Hong Kong office", "hk", TeamKey::East),
];

/// A team of the desk.
#[derive(Debug)]
pub(super) struct Team {
    /// Its code; its identity derives from it.
    pub(super) code: &'static str,
    /// What people call it.
    pub(super) name: &'static str,
    /// Its depth of expertise.
    pub(super) line: SupportLine,
    /// The department it belongs to.
    pub(super) department: &'static str,
    /// Who is in it.
    pub(super) members: &'static [Member],
}

impl Team {
    /// Its identity.
    pub(super) fn id(&self) -> TeamId {
        TeamId::from_code(self.code)
    }
}

/// Somebody who works at the desk.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Member {
    /// By which the directory knows them.
    pub(super) login: &'static str,
    /// Their name.
    pub(super) name: &'static str,
    /// What they may do.
    pub(super) role: Role,
}

const fn agent(login: &'static str, name: &'static str) -> Member {
    Member {
        login,
        name,
        role: Role::Agent,
    }
}

const fn coordinator(login: &'static str, name: &'static str) -> Member {
    Member {
        login,
        name,
        role: Role::Coordinator,
    }
}

/// Names a team of the desk; the order is that of [`TEAMS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TeamKey {
    /// 服务热线组.
    Hotline,
    /// 东区现场支持组.
    East,
    /// 中西区现场支持组.
    West,
    /// 网络运维组.
    Network,
    /// 系统与存储运维组.
    Systems,
    /// 数据库运维组.
    Databases,
    /// 核心业务应用运维组.
    Core,
    /// 理赔应用运维组.
    Claims,
    /// 办公与协同平台组.
    Office,
    /// 信息安全组.
    Security,
    /// 核心系统研发组.
    CoreDevelopment,
    /// 渠道与移动研发组.
    ChannelDevelopment,
}

impl TeamKey {
    /// The team.
    pub(super) fn team(self) -> &'static Team {
        &TEAMS[self as usize]
    }
}

/// The teams of the desk, on three lines.
pub(super) static TEAMS: [Team; 12] = [
    Team {
        code: "SD-HOTLINE",
        name: "服务热线组",
        line: SupportLine::First,
        department: "信息技术部服务台",
        members: &[
            coordinator("chen.jing", "陈静"),
            agent("liu.yang", "刘洋"),
            agent("zhao.lei", "赵磊"),
            agent("huang.li", "黄丽"),
            agent("zhou.jie", "周婕"),
            agent("xu.na", "徐娜"),
            agent("sun.hao", "孙浩"),
            agent("ma.xiao", "马骁"),
        ],
    },
    Team {
        code: "SD-EAST",
        name: "东区现场支持组",
        line: SupportLine::First,
        department: "东区运营中心",
        members: &[
            agent("wu.hao", "吴昊"),
            agent("zhu.lin", "朱琳"),
            agent("hu.bin", "胡斌"),
            agent("guo.tao", "郭涛"),
            agent("he.mei", "何梅"),
        ],
    },
    Team {
        code: "SD-WEST",
        name: "中西区现场支持组",
        line: SupportLine::First,
        department: "中西区运营中心",
        members: &[
            agent("gao.feng", "高峰"),
            agent("lin.yan", "林燕"),
            agent("luo.qiang", "罗强"),
            agent("liang.chen", "梁晨"),
            agent("song.yu", "宋雨"),
        ],
    },
    Team {
        code: "L2-NETWORK",
        name: "网络运维组",
        line: SupportLine::Second,
        department: "信息技术部基础设施处",
        members: &[
            coordinator("xie.ming", "谢明"),
            agent("tang.wei", "唐伟"),
            agent("han.xu", "韩旭"),
            agent("feng.kai", "冯凯"),
            agent("yu.ting", "于婷"),
        ],
    },
    Team {
        code: "L2-SYSTEMS",
        name: "系统与存储运维组",
        line: SupportLine::Second,
        department: "信息技术部基础设施处",
        members: &[
            coordinator("dong.jian", "董健"),
            agent("xiao.peng", "肖鹏"),
            agent("cheng.geng", "程赓"),
            agent("cao.rui", "曹睿"),
            agent("yuan.fang", "袁方"),
        ],
    },
    Team {
        code: "L2-DATABASE",
        name: "数据库运维组",
        line: SupportLine::Second,
        department: "信息技术部基础设施处",
        members: &[
            agent("deng.hui", "邓辉"),
            agent("xu.wei", "许维"),
            agent("fu.yao", "傅瑶"),
            agent("shen.kai", "沈凯"),
        ],
    },
    Team {
        code: "L2-CORE",
        name: "核心业务应用运维组",
        line: SupportLine::Second,
        department: "信息技术部应用运维处",
        members: &[
            coordinator("zeng.qi", "曾琪"),
            agent("peng.bo", "彭博"),
            agent("lv.ning", "吕宁"),
            agent("su.min", "苏敏"),
            agent("lu.yao", "卢瑶"),
            agent("jiang.hai", "蒋海"),
        ],
    },
    Team {
        code: "L2-CLAIMS",
        name: "理赔应用运维组",
        line: SupportLine::Second,
        department: "信息技术部应用运维处",
        members: &[
            agent("cai.jun", "蔡军"),
            agent("jia.nan", "贾楠"),
            agent("ding.yi", "丁熠"),
            agent("wei.dong", "魏东"),
            agent("xue.lin", "薛琳"),
        ],
    },
    Team {
        code: "L2-OFFICE",
        name: "办公与协同平台组",
        line: SupportLine::Second,
        department: "信息技术部应用运维处",
        members: &[
            agent("ye.qing", "叶青"),
            agent("yan.shuo", "阎硕"),
            agent("yu.bo", "余波"),
            agent("pan.yue", "潘悦"),
            agent("du.juan", "杜娟"),
        ],
    },
    Team {
        code: "L2-SECURITY",
        name: "信息安全组",
        line: SupportLine::Second,
        department: "信息安全与合规部",
        members: &[
            agent("dai.wen", "戴文"),
            agent("xia.yu", "夏宇"),
            agent("zhong.yi", "钟毅"),
        ],
    },
    Team {
        code: "L3-CORE",
        name: "核心系统研发组",
        line: SupportLine::Third,
        department: "软件研发中心",
        members: &[
            agent("tian.ye", "田野"),
            agent("ren.jie", "任杰"),
            agent("jiang.nan", "姜楠"),
            agent("fan.rui", "范睿"),
            agent("fang.yuan", "方远"),
        ],
    },
    Team {
        code: "L3-CHANNEL",
        name: "渠道与移动研发组",
        line: SupportLine::Third,
        department: "软件研发中心",
        members: &[
            agent("shi.lin", "石林"),
            agent("yao.qian", "姚倩"),
            agent("tan.kun", "谭坤"),
            agent("liao.fan", "廖帆"),
        ],
    },
];

/// Who drafts the desk's configuration and sets up its teams.
pub(super) const ADMINISTRATOR: &str = "lu.ping";
/// Who reviews the configuration and publishes it.
pub(super) const REVIEWER: &str = "qian.cheng";
/// The account under which monitoring reports what it sees.
pub(super) const MONITORING: &str = "svc.monitoring";
/// Heads who are told when an incident is escalated, by level.
pub(super) const HEADS: [&str; 3] = ["wen.hua", "shao.jun", "qin.yue"];

/// Somebody who asks the desk for help.
#[derive(Debug)]
pub(super) struct Requester {
    /// By which the directory knows them.
    pub(super) login: &'static str,
    /// Their name.
    pub(super) name: &'static str,
    /// How the desk speaks to them.
    pub(super) address: &'static str,
    /// The language they write in.
    pub(super) language: Language,
    /// Where they work, an index of [`PLACES`].
    place: usize,
}

impl Requester {
    /// Where they work.
    pub(super) fn place(&self) -> &'static Place {
        &PLACES[self.place]
    }
}

const fn zh(
    login: &'static str,
    name: &'static str,
    address: &'static str,
    place: usize,
) -> Requester {
    Requester {
        login,
        name,
        address,
        language: Language::Chinese,
        place,
    }
}

const fn en(
    login: &'static str,
    name: &'static str,
    address: &'static str,
    place: usize,
) -> Requester {
    Requester {
        login,
        name,
        address,
        language: Language::English,
        place,
    }
}

/// Those who ask the desk for help.
pub(super) static REQUESTERS: [Requester; 66] = [
    zh("wang.fang", "王芳", "王老师", 2),
    zh("li.qiang", "李强", "李老师", 2),
    zh("zhang.min", "张敏", "张老师", 1),
    zh("liu.ying", "刘颖", "刘老师", 1),
    zh("chen.gang", "陈刚", "陈老师", 3),
    zh("yang.xue", "杨雪", "杨老师", 3),
    zh("zhao.yan", "赵燕", "赵老师", 4),
    zh("wu.xia", "吴霞", "吴老师", 4),
    zh("zhou.ping", "周萍", "周老师", 5),
    zh("xu.dan", "徐丹", "徐老师", 5),
    zh("sun.lei", "孙蕾", "孙老师", 5),
    zh("zhu.feng", "朱峰", "朱老师", 6),
    zh("ma.li", "马莉", "马老师", 6),
    zh("hu.xin", "胡欣", "胡老师", 7),
    zh("lin.hong", "林虹", "林老师", 7),
    zh("guo.jun", "郭俊", "郭老师", 8),
    zh("he.wei", "何薇", "何老师", 8),
    zh("gao.yuan", "高媛", "高老师", 8),
    zh("luo.min", "罗敏", "罗老师", 9),
    zh("zheng.hao", "郑浩", "郑老师", 9),
    zh("liang.yan", "梁艳", "梁老师", 10),
    zh("xie.fang", "谢芳", "谢老师", 10),
    zh("song.jie", "宋杰", "宋老师", 11),
    zh("tang.li", "唐莉", "唐老师", 11),
    zh("xu.jing", "许静", "许老师", 11),
    zh("han.lei", "韩磊", "韩老师", 12),
    zh("feng.xia", "冯霞", "冯老师", 12),
    zh("deng.li", "邓丽", "邓老师", 13),
    zh("cao.yang", "曹阳", "曹老师", 13),
    zh("peng.fei", "彭飞", "彭老师", 14),
    zh("zeng.yan", "曾艳", "曾老师", 14),
    zh("xiao.mei", "肖梅", "肖老师", 14),
    zh("tian.jing", "田静", "田老师", 15),
    zh("dong.mei", "董梅", "董老师", 15),
    zh("yuan.ting", "袁婷", "袁老师", 16),
    zh("pan.hui", "潘辉", "潘老师", 16),
    zh("yu.hong", "于红", "于老师", 17),
    zh("jiang.ping", "蒋萍", "蒋老师", 17),
    zh("cai.xin", "蔡鑫", "蔡老师", 18),
    zh("yu.lan", "余兰", "余老师", 18),
    zh("du.peng", "杜鹏", "杜老师", 19),
    zh("ye.lin", "叶琳", "叶老师", 19),
    zh("cheng.xi", "程曦", "程老师", 20),
    zh("su.hang", "苏航", "苏老师", 20),
    zh("wei.lan", "魏岚", "魏老师", 0),
    zh("lv.bin", "吕彬", "吕老师", 0),
    zh("ding.ling", "丁玲", "丁老师", 0),
    zh("ren.fei", "任飞", "任老师", 0),
    zh("shen.yi", "沈怡", "沈老师", 0),
    zh("yao.jun", "姚军", "姚老师", 0),
    zh("lu.min", "卢敏", "卢老师", 0),
    zh("fu.qiang", "傅强", "傅老师", 0),
    en("emily.cheung", "Emily Cheung", "Emily", 21),
    en("daniel.wong", "Daniel Wong", "Daniel", 21),
    en("grace.lam", "Grace Lam", "Grace", 21),
    en("james.carter", "James Carter", "James", 21),
    en("priya.nair", "Priya Nair", "Priya", 21),
    en("kenji.mori", "Kenji Mori", "Kenji", 21),
    en("sophie.laurent", "Sophie Laurent", "Sophie", 0),
    en("oliver.bennett", "Oliver Bennett", "Oliver", 0),
    en("hannah.schmidt", "Hannah Schmidt", "Hannah", 0),
    en("rachel.ho", "Rachel Ho", "Rachel", 12),
    en("michael.tan", "Michael Tan", "Michael", 12),
    en("vivian.kwok", "Vivian Kwok", "Vivian", 21),
    en("ahmed.farouk", "Ahmed Farouk", "Ahmed", 0),
    en("laura.rossi", "Laura Rossi", "Laura", 11),
];

/// A service of the catalogue: code, Chinese and English name.
pub(super) const SERVICES: [(&str, &str, &str); 22] = [
    ("core-policy", "核心业务系统", "the core policy system"),
    (
        "motor-quote",
        "车险报价平台",
        "the motor quotation platform",
    ),
    ("premium", "收付费系统", "the premium system"),
    ("reinsurance", "再保系统", "the reinsurance system"),
    ("claims", "理赔系统", "the claims system"),
    ("imaging", "影像系统", "the imaging system"),
    ("survey-app", "移动查勘", "the survey app"),
    ("customer-app", "澜泽 App", "the customer app"),
    ("wechat", "微信服务号", "the WeChat account"),
    ("call-centre", "客服热线平台", "the call-centre platform"),
    ("sales-record", "双录系统", "the sales recording system"),
    (
        "regulatory",
        "监管报送平台",
        "the regulatory reporting platform",
    ),
    ("gateway", "外联接口平台", "the external gateway"),
    ("network", "办公与业务网络", "the network"),
    ("remote-access", "远程接入", "remote access"),
    ("collaboration", "OA 与协同办公", "the collaboration suite"),
    ("mail", "企业邮箱", "e-mail"),
    ("meeting", "视频会议", "video conferencing"),
    ("workplace", "桌面终端", "the workplace"),
    ("identity", "统一账号", "the identity service"),
    ("platform", "基础设施平台", "the infrastructure platform"),
    ("reporting", "经营分析与报表", "management reporting"),
];
