//! What a matrix and a tree must be before anybody judges by them.

use strum::IntoEnumIterator;

use super::problem;
use crate::configuration::{Category, CategoryTree, Content, Level, PriorityMatrix};
use crate::fixtures::category;
use crate::ids::CategoryCode;
use crate::priority::{Impact, Priority, Urgency};

fn node(code: &str, parent: Option<&str>) -> Category {
    Category {
        code: category(code),
        parent: parent.map(category),
        name_zh: "网络".to_owned(),
        name_en: "Network".to_owned(),
    }
}

fn tree(categories: Vec<Category>) -> CategoryTree {
    CategoryTree { categories }
}

/// The initial matrix after a slip of the pen.
fn matrix(slip: impl FnOnce(&mut PriorityMatrix)) -> PriorityMatrix {
    let mut matrix = PriorityMatrix::initial();
    slip(&mut matrix);
    matrix
}

#[test]
fn what_a_new_desk_starts_with_is_right() {
    assert_eq!(PriorityMatrix::initial().check(), Ok(()));
    assert_eq!(CategoryTree::initial().check(), Ok(()));
    assert_eq!(CategoryTree::initial().categories.len(), 21);
}

#[test]
fn inc_05_the_initial_matrix_is_the_usual_one() {
    let rows: Vec<String> = Impact::iter()
        .map(|impact| {
            let matrix = PriorityMatrix::initial();
            let priorities = Urgency::iter().map(|urgency| matrix.priority(impact, urgency));
            let priorities: Vec<_> = priorities.map(|p| p.as_ref().to_owned()).collect();
            format!("{:<7} {}", impact.as_ref(), priorities.join(" "))
        })
        .collect();
    assert_eq!(
        rows,
        ["High    P1 P2 P3", "Medium  P2 P3 P4", "Low     P3 P4 P5"]
    );
}

#[test]
fn inc_34_the_initial_matrix_asks_for_a_review_of_the_first_two_priorities() {
    let matrix = PriorityMatrix::initial();
    let reviewed = |priority: &Priority| matrix.level(*priority).unwrap().review_required;
    let reviewed: Vec<Priority> = Priority::iter().filter(reviewed).collect();
    assert_eq!(reviewed, [Priority::P1, Priority::P2]);
}

#[test]
fn every_priority_is_described_exactly_once() {
    let missing = matrix(|matrix| {
        matrix.levels.pop();
    });
    assert_eq!(
        problem(&missing),
        "priority P5 must be described exactly once"
    );
    let twice = matrix(|matrix| matrix.levels.push(matrix.levels[0].clone()));
    assert_eq!(
        problem(&twice),
        "priority P1 must be described exactly once"
    );
}

#[test]
fn every_priority_has_both_names_in_one_line_each() {
    let nameless = matrix(|matrix| matrix.levels[2].name_en = "  ".to_owned());
    assert_eq!(
        problem(&nameless),
        "priority P3: each of the names, Chinese and English, must not be empty"
    );
    let two_lines = matrix(|matrix| matrix.levels[0].name_zh = "紧\n急".to_owned());
    assert_eq!(
        problem(&two_lines),
        "priority P1: each of the names, Chinese and English, must not contain the control \
         character U+000A"
    );
}

#[test]
fn no_window_is_longer_than_ten_years() {
    let longest = matrix(|matrix| matrix.levels[0].reopen_within_hours = Level::MAX_WINDOW_HOURS);
    assert_eq!(longest.check(), Ok(()));
    let words = "priority P1: a window has at most 87600 hours";
    let too_long = Level::MAX_WINDOW_HOURS + 1;
    let reopening = matrix(|matrix| matrix.levels[0].reopen_within_hours = too_long);
    assert_eq!(problem(&reopening), words);
    let confirming = matrix(|matrix| matrix.levels[0].confirm_within_hours = u32::MAX);
    assert_eq!(problem(&confirming), words);
}

#[test]
fn no_window_is_of_no_time() {
    let words = "priority P1: a window has at least one hour";
    let reopening = matrix(|matrix| matrix.levels[0].reopen_within_hours = 0);
    assert_eq!(problem(&reopening), words);
    let confirming = matrix(|matrix| matrix.levels[0].confirm_within_hours = 0);
    assert_eq!(problem(&confirming), words);
}

#[test]
fn a_tree_has_at_least_one_category() {
    assert_eq!(problem(&tree(vec![])), "a tree needs at least one category");
}

#[test]
fn no_category_stands_twice() {
    let twice = tree(vec![
        node("network", None),
        node("network", Some("network")),
    ]);
    assert_eq!(problem(&twice), "category network stands twice");
}

#[test]
fn a6_no_category_looks_like_another() {
    let alike = tree(vec![node("network", None), node("Nеtwork", None)]);
    assert_eq!(
        problem(&alike),
        "category Nеtwork cannot be told from category network"
    );
}

#[test]
fn a6_a_category_is_found_by_what_its_code_looks_like() {
    let tree = tree(vec![node("network", None), node("network-vpn", None)]);
    let code = CategoryCode::new("Network-VPN").unwrap();
    let found = tree.category(&code).map(|found| found.code.as_str());
    assert_eq!(found, Some("network-vpn"));
}

#[test]
fn no_category_lies_under_one_that_is_not_there() {
    let orphan = tree(vec![node("vpn", Some("network"))]);
    assert_eq!(
        problem(&orphan),
        "category vpn lies under network, which is not there"
    );
}

#[test]
fn no_category_lies_under_itself() {
    let own_parent = tree(vec![node("vpn", Some("vpn"))]);
    assert_eq!(problem(&own_parent), "category vpn lies under itself");
    let circle = tree(vec![
        node("network", Some("vpn")),
        node("lan", Some("network")),
        node("vpn", Some("lan")),
    ]);
    assert_eq!(problem(&circle), "category network lies under itself");
    let beside_a_circle = tree(vec![node("a", Some("b")), node("b", Some("b"))]);
    assert_eq!(problem(&beside_a_circle), "category a lies under itself");
}

#[test]
fn a_category_may_stand_before_the_one_that_it_lies_under() {
    let upside_down = tree(vec![
        node("gateway", Some("vpn")),
        node("vpn", Some("network")),
        node("network", None),
    ]);
    assert_eq!(upside_down.check(), Ok(()));
}

#[test]
fn codes_and_names_from_a_file_are_checked_as_those_of_a_form_are() {
    let code = |code: &str| serde_json::from_value::<CategoryCode>(code.into()).unwrap();
    let filed = |code: CategoryCode| {
        tree(vec![Category {
            code,
            ..node("network", None)
        }])
    };
    let empty = filed(code(""));
    assert_eq!(problem(&empty), "category : the code must not be empty");
    let spaced = filed(code(" vpn"));
    assert_eq!(
        problem(&spaced),
        "category  vpn: the code must not begin or end with white space"
    );
    assert!(problem(&filed(code("v\0pn"))).contains("control character U+0000"));
    let nameless = tree(vec![Category {
        name_zh: String::new(),
        ..node("network", None)
    }]);
    assert_eq!(
        problem(&nameless),
        "category network: each of the names, Chinese and English, must not be empty"
    );
}
