//! When which story comes to the desk, and how far it gets: about six a
//! working day over three months, most of those of past weeks closed, those of
//! the last days in every state.

use domain::incident::HoldReason;

use super::draw::Draw;
use super::majors::{self, Major};
use super::organisation::TeamKey;
use super::plan::INCIDENTS;
use super::stories::{self, Story};

/// Decides everything that looks random. Another seed is another desk.
const SEED: u64 = 0xd0c4_e7a1_15e5_0002;

/// How many working days the desk looks back on.
const DAYS: u32 = 63;
/// How many incidents came in during the last hours.
const TODAY: u32 = 14;
/// How long, in minutes, the last hours are.
const LAST_HOURS: u32 = 330;

/// An incident to come, as far as it is decided before its course.
#[derive(Debug)]
pub(super) struct Arrival {
    /// When it comes.
    pub(super) moment: Moment,
    /// What it is about.
    pub(super) about: About,
    /// How far it gets.
    pub(super) ending: Ending,
    /// How it stands to an earlier one.
    pub(super) tie: Option<Tie>,
    /// That earlier one, counted from 1.
    pub(super) tied_to: Option<u32>,
    /// Whether others are about to be tied to it, so that it must not be over
    /// too soon.
    pub(super) is_awaited: bool,
    /// What its course draws from.
    pub(super) seed: u64,
}

impl Arrival {
    /// The name of what it is about.
    pub(super) fn key(&self) -> &'static str {
        match self.about {
            About::Story(story) => story.key,
            About::Major(major) | About::Child(major, _) => major.key,
        }
    }

    /// How many working days ago it came.
    pub(super) fn days_before(&self) -> u32 {
        match self.moment {
            Moment::WorkingDay { before, .. } => before,
            Moment::Today { .. } => 0,
        }
    }
}

/// When an incident comes, seen from the end of the three months.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// On a working day before today.
    WorkingDay {
        /// So many of them before.
        before: u32,
        /// In seconds after midnight.
        second: u32,
    },
    /// Within the last hours.
    Today {
        /// How long ago.
        seconds_before: u32,
    },
}

impl Moment {
    /// Orders moments from the past to the present, whatever day today is.
    fn order(self) -> (i64, i64) {
        match self {
            Self::WorkingDay { before, second } => (-i64::from(before), second.into()),
            Self::Today { seconds_before } => (0, -i64::from(seconds_before)),
        }
    }
}

/// What an incident is about.
#[derive(Debug, Clone, Copy)]
pub(super) enum About {
    /// One of the stories.
    Story(&'static Story),
    /// A major incident.
    Major(&'static Major),
    /// What one of those concerned by a major incident reports.
    Child(&'static Major, usize),
}

/// How far an incident gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Nobody has it.
    New,
    /// A team has it and has not accepted.
    Assigned,
    /// A team has sent it back.
    Returned,
    /// Somebody works on it.
    InProgress,
    /// The work waits.
    OnHold(HoldReason),
    /// It is solved and not confirmed.
    Resolved,
    /// The requester was content.
    Confirmed,
    /// The desk closed it.
    ClosedByDesk,
    /// The requester took it back.
    Withdrawn,
    /// The desk found that it was none.
    Cancelled,
    /// It went on as another.
    Merged,
}

/// How an incident stands to an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tie {
    /// It reports the same and is merged.
    Duplicate,
    /// It is a part of it.
    Child,
    /// It has to do with it.
    Related,
}

const PROBLEM: Ending = Ending::OnHold(HoldReason::Problem);
const CHANGE: Ending = Ending::OnHold(HoldReason::Change);
const SUPPLIER: Ending = Ending::OnHold(HoldReason::Supplier);
const APPROVAL: Ending = Ending::OnHold(HoldReason::Approval);
const REQUESTER: Ending = Ending::OnHold(HoldReason::Requester);

/// How far incidents get by their age: from so many days before on, these in
/// turn.
const ENDINGS: [(u32, &[Ending]); 5] = {
    use Ending::{
        Assigned, Cancelled, ClosedByDesk as Desk, Confirmed as Done, InProgress, New, Resolved,
        Returned, Withdrawn,
    };
    [
        (
            13,
            &[
                Done, Desk, Done, Done, Desk, Done, Done, Desk, Done, Cancelled, Desk, Done, Done,
                Done, Desk, Done, Desk, Done, Done, Desk, Done, Done, Desk, Done, Done, Desk, Done,
                Withdrawn, Done, Desk, Done, Done, Desk, Done, CHANGE, Done, Desk, Done, Done,
                Desk, Done, Done, Desk, Done, PROBLEM, Done, Desk, Done, Desk, Done, Cancelled,
                Done, Done, Desk, Done, Desk, Done, InProgress,
            ],
        ),
        (
            7,
            &[
                Done, Desk, Resolved, Done, PROBLEM, Done, InProgress, Desk, Resolved, Done,
                Cancelled, Done, CHANGE, Resolved, Desk, Done, Resolved, SUPPLIER, Done, Withdrawn,
                Done, Desk, InProgress, Resolved, Done,
            ],
        ),
        (
            3,
            &[
                Resolved, Done, InProgress, Resolved, SUPPLIER, Done, Resolved, REQUESTER,
                InProgress, Resolved, Desk, CHANGE, Assigned, Resolved, InProgress, Done, APPROVAL,
                Resolved, Cancelled, InProgress, Returned, Resolved, Done,
            ],
        ),
        (
            1,
            &[
                InProgress, Resolved, Assigned, REQUESTER, Returned, InProgress, Assigned,
                Resolved, New, SUPPLIER, InProgress, Assigned, APPROVAL, Resolved, Done,
            ],
        ),
        (
            0,
            &[
                InProgress, Resolved, InProgress, Assigned, REQUESTER, New, Done, InProgress,
                Returned, Assigned, New, Assigned, New, New,
            ],
        ),
    ]
};

/// Incidents that others follow, by the number of days before and how the
/// others stand to them.
const FOLLOWED: [(u32, Ending, &[Tie]); 14] = {
    use Ending::{ClosedByDesk, Confirmed, InProgress};
    use Tie::{Child, Duplicate};
    [
        (61, Confirmed, &[Duplicate]),
        (56, ClosedByDesk, &[Child, Child]),
        (51, Confirmed, &[Duplicate, Duplicate]),
        (47, Confirmed, &[Duplicate]),
        (43, ClosedByDesk, &[Child]),
        (36, Confirmed, &[Duplicate]),
        (33, Confirmed, &[Duplicate]),
        (28, ClosedByDesk, &[Child, Child, Duplicate]),
        (24, Confirmed, &[Duplicate]),
        (20, Confirmed, &[Duplicate]),
        (16, ClosedByDesk, &[Duplicate, Child]),
        (4, InProgress, &[Duplicate]),
        (2, InProgress, &[Duplicate, Child]),
        (1, InProgress, &[Duplicate]),
    ]
};

/// Every so many incidents, one is linked with the last of the same story.
const RELATED_EVERY: usize = 17;

/// All incidents, the oldest first.
pub(super) fn arrivals() -> Vec<Arrival> {
    let mut draw = Draw::new(SEED);
    let mut arrivals: Vec<(Arrival, Option<usize>)> = Vec::new();
    for major in &majors::MAJORS {
        add_major(&mut arrivals, major, &mut draw);
    }
    for followed in FOLLOWED {
        add_followed(&mut arrivals, followed, &mut draw);
    }
    add_others(&mut arrivals, &mut draw);
    let mut arrivals = in_order(arrivals);
    relate(&mut arrivals);
    arrivals
}

/// Brings them into their order; what pointed to a place in the list points
/// to the incident's number.
fn in_order(arrivals: Vec<(Arrival, Option<usize>)>) -> Vec<Arrival> {
    let mut order: Vec<usize> = (0..arrivals.len()).collect();
    order.sort_by_key(|index| arrivals[*index].0.moment.order());
    let mut number_of = vec![0; arrivals.len()];
    for (number, index) in (1..).zip(&order) {
        number_of[*index] = number;
    }
    let mut numbered: Vec<(u32, Arrival)> = Vec::with_capacity(arrivals.len());
    for (index, (mut arrival, tied_to)) in arrivals.into_iter().enumerate() {
        arrival.tied_to = tied_to.map(|main| number_of[main]);
        numbered.push((number_of[index], arrival));
    }
    numbered.sort_by_key(|(number, _)| *number);
    numbered.into_iter().map(|(_, arrival)| arrival).collect()
}

fn add_major(arrivals: &mut Vec<(Arrival, Option<usize>)>, major: &'static Major, draw: &mut Draw) {
    let main = arrivals.len();
    let at = |minute: u32| Moment::WorkingDay {
        before: major.days_before,
        second: major.second_of_day + minute * 60,
    };
    let arrival = |minute, about, ending, tie, seed| Arrival {
        moment: at(minute),
        about,
        ending,
        tie,
        tied_to: None,
        is_awaited: false,
        seed,
    };
    let about = About::Major(major);
    let first = arrival(0, about, Ending::ClosedByDesk, None, draw.bits());
    arrivals.push((first, None));
    for (index, child) in major.children.iter().enumerate() {
        let ending = match child.tie {
            Tie::Duplicate => Ending::Merged,
            Tie::Child | Tie::Related => Ending::ClosedByDesk,
        };
        let about = About::Child(major, index);
        let child = arrival(child.minute, about, ending, Some(child.tie), draw.bits());
        arrivals.push((child, Some(main)));
    }
}

fn add_followed(
    arrivals: &mut Vec<(Arrival, Option<usize>)>,
    (before, ending, ties): (u32, Ending, &[Tie]),
    draw: &mut Draw,
) {
    let told_by_people = |story: &&Story| !story.at_contact && !story.is_alert();
    let stories: Vec<&'static Story> = stories::all().filter(told_by_people).collect();
    let story = *draw.weighted(&stories, |story| story.weight);
    let main = arrivals.len();
    let mut second = draw.number(9 * 3600..=15 * 3600);
    let arrival = |second, ending, tie, seed| Arrival {
        moment: Moment::WorkingDay { before, second },
        about: About::Story(story),
        ending,
        tie,
        tied_to: None,
        is_awaited: tie.is_none(),
        seed,
    };
    arrivals.push((arrival(second, ending, None, draw.bits()), None));
    for tie in ties {
        second += draw.number(240..=720);
        let ending = match tie {
            Tie::Duplicate => Ending::Merged,
            Tie::Child | Tie::Related => ending,
        };
        let follower = arrival(second, ending, Some(*tie), draw.bits());
        arrivals.push((follower, Some(main)));
    }
}

/// The rest, spread over the days.
fn add_others(arrivals: &mut Vec<(Arrival, Option<usize>)>, draw: &mut Draw) {
    let stories: Vec<&'static Story> = stories::all().collect();
    let so_far = u32::try_from(arrivals.len()).unwrap_or_default();
    let on_past_days = INCIDENTS - TODAY - so_far;
    let mut turns = [0_usize; ENDINGS.len()];
    let mut told_last: Vec<&'static str> = Vec::new();
    for index in 0..on_past_days + TODAY {
        let moment = if index < on_past_days {
            let before = DAYS - index * DAYS / on_past_days;
            Moment::WorkingDay {
                before,
                second: second_of_day(before, draw),
            }
        } else {
            let left = on_past_days + TODAY - index;
            let minutes = left * LAST_HOURS / TODAY - draw.number(0..=15);
            Moment::Today {
                seconds_before: minutes * 60 + draw.number(0..=59),
            }
        };
        let story = loop {
            let story = *draw.weighted(&stories, |story| story.weight);
            if !told_last.contains(&story.key) {
                break story;
            }
        };
        told_last.push(story.key);
        if told_last.len() > 9 {
            told_last.remove(0);
        }
        let days_before = match moment {
            Moment::WorkingDay { before, .. } => before,
            Moment::Today { .. } => 0,
        };
        let ending = fit(story, next_ending(days_before, &mut turns));
        let arrival = Arrival {
            moment,
            about: About::Story(story),
            ending,
            tie: None,
            tied_to: None,
            is_awaited: false,
            seed: draw.bits(),
        };
        arrivals.push((arrival, None));
    }
}

/// Most people call in office hours, some in the evening.
fn second_of_day(before: u32, draw: &mut Draw) -> u32 {
    let (from, to) = match draw.number(1..=100) {
        // The last working day ends early: today begins hours before now.
        1..=10 if before > 1 => (18, 23),
        11..=58 => (9, 12),
        _ => (13, 17),
    };
    draw.number(from * 3600..=to * 3600 - 1)
}

fn next_ending(days_before: u32, turns: &mut [usize; ENDINGS.len()]) -> Ending {
    let band = ENDINGS.iter().position(|(from, _)| days_before >= *from);
    let band = band.unwrap_or(ENDINGS.len() - 1);
    let endings = ENDINGS[band].1;
    let ending = endings[turns[band] % endings.len()];
    turns[band] += 1;
    ending
}

/// What monitoring reports, nobody confirms, takes back or answers; and what
/// the first line ends at the first contact goes to nobody else.
fn fit(story: &Story, ending: Ending) -> Ending {
    match ending {
        Ending::Confirmed if story.is_alert() => Ending::ClosedByDesk,
        Ending::Withdrawn if story.is_alert() => Ending::Cancelled,
        REQUESTER if story.is_alert() => SUPPLIER,
        SUPPLIER | CHANGE | PROBLEM if story.team == TeamKey::Hotline => REQUESTER,
        other => other,
    }
}

/// Links some incidents with the last one of the same story.
fn relate(arrivals: &mut [Arrival]) {
    for index in (RELATED_EVERY..arrivals.len()).step_by(RELATED_EVERY) {
        let About::Story(story) = arrivals[index].about else {
            continue;
        };
        if arrivals[index].tie.is_some() || arrivals[index].is_awaited {
            continue;
        }
        let same =
            |earlier: &Arrival| matches!(earlier.about, About::Story(s) if s.key == story.key);
        let Some(last) = arrivals[..index].iter().rposition(same) else {
            continue;
        };
        arrivals[index].tie = Some(Tie::Related);
        arrivals[index].tied_to = u32::try_from(last + 1).ok();
    }
}
