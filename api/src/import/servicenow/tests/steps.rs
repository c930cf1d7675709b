//! What each kind of row stands for, one case a line.

use domain::incident::{Event, HoldReason, Status};
use domain::priority::Priority;
use domain::work_item::DetailField;

use super::memory::{MemoryDesk, fixture, rows_read, usual};
use crate::import::servicenow::reading::Reading;
use crate::import::servicenow::row::Row;

/// What a row says that differs from the row before it.
type Changes<'a> = &'a [(&'a str, &'a str)];

/// A row of which everything is known.
const USUAL: Changes = &[
    ("number", "INC1"),
    ("incident_state", "New"),
    ("active", "true"),
    ("reassignment_count", "0"),
    ("reopen_count", "0"),
    ("sys_mod_count", "0"),
    ("made_sla", "true"),
    ("caller_id", "Lin Xia"),
    ("opened_at", "2024-03-04T09:00:00"),
    ("sys_updated_by", "Desk 1"),
    ("sys_updated_at", "2024-03-04T09:00:00"),
    ("contact_type", "Phone"),
    ("category", "Network"),
    ("subcategory", "Remote access"),
    ("impact", "2 - Medium"),
    ("urgency", "2 - Medium"),
    ("priority", "3 - Moderate"),
    ("assignment_group", "Service desk"),
    ("assigned_to", "He Jun"),
    ("notify", "Do Not Notify"),
];

/// Rows of one incident, each given by what it changes. They are updates one
/// hour after the other unless they say otherwise.
fn history(changes: &[Changes]) -> Vec<Row> {
    history_read(changes, usual())
}

/// The same, read in some way.
fn history_read(changes: &[Changes], reading: Reading) -> Vec<Row> {
    let header = fixture().lines().next().unwrap();
    let names: Vec<&str> = header.split(',').collect();
    let mut cells: Vec<String> = vec![String::new(); names.len()];
    let set = |cells: &mut Vec<String>, changes: Changes| {
        for (name, value) in changes {
            let index = names.iter().position(|n| n == name).unwrap();
            (*value).clone_into(&mut cells[index]);
        }
    };
    set(&mut cells, USUAL);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&names).unwrap();
    for (update, changes) in changes.iter().enumerate() {
        let at = format!("2024-03-04T{:02}:00:00", 9 + update);
        set(
            &mut cells,
            &[
                ("sys_mod_count", &update.to_string()),
                ("sys_updated_at", &at),
            ],
        );
        set(&mut cells, changes);
        writer.write_record(&cells).unwrap();
    }
    rows_read(&writer.into_inner().unwrap(), reading)
}

/// What the last of some rows gave: the names of the events, the fields of the
/// desk's own left out, and what was odd.
fn last_of(changes: &[Changes]) -> (MemoryDesk, Vec<String>, Vec<&'static str>) {
    let rows = history(changes);
    let mut desk = MemoryDesk::for_rows(&rows);
    let mut names = Vec::new();
    let mut kinds = Vec::new();
    for row in &rows {
        let taken = desk.take(row).unwrap();
        names = taken
            .events
            .iter()
            .map(|event| event.name().to_owned())
            .filter(|name| name != "CustomFieldSet")
            .collect();
        kinds = taken
            .corrections
            .iter()
            .map(|c| c.kind.in_words())
            .collect();
    }
    (desk, names, kinds)
}

const RESOLVED: Changes = &[
    ("incident_state", "Resolved"),
    ("closed_code", "code 6"),
    ("resolved_by", "He Jun"),
    ("resolved_at", "2024-03-04T10:00:00"),
];
const ACTIVE: Changes = &[("incident_state", "Active")];
const CLOSED: Changes = &[("incident_state", "Closed")];
const NO_PERSON: Changes = &[("incident_state", "New"), ("assigned_to", "?")];
const NOBODY: Changes = &[("assignment_group", "?"), ("assigned_to", "?")];

#[test]
#[expect(clippy::too_many_lines, reason = "one entry a case")]
fn a_row_becomes_the_steps_that_it_stands_for() {
    let cases: &[Case] = &[
        (
            "a first row registers",
            &[NOBODY],
            &[
                "Registered",
                "Classified",
                "PrioritySet",
                "ExternalReferenceAdded",
            ],
            &[],
            Status::New,
        ),
        (
            "a group and a person have it",
            &[
                NOBODY,
                &[
                    ("assignment_group", "Service desk"),
                    ("assigned_to", "He Jun"),
                ],
            ],
            &["Assigned"],
            &[],
            Status::Assigned,
        ),
        (
            "the person takes it on",
            &[&[], ACTIVE],
            &["AssignmentAccepted"],
            &[],
            Status::InProgress,
        ),
        (
            "an update that changes nothing",
            &[&[], &[]],
            &[],
            &[],
            Status::Assigned,
        ),
        (
            "another person goes on with it",
            &[ACTIVE, &[("assigned_to", "Wu Min")]],
            &["Assigned", "AssignmentAccepted"],
            &[],
            Status::InProgress,
        ),
        (
            "it waits",
            &[ACTIVE, &[("incident_state", "Awaiting Vendor")]],
            &["PutOnHold"],
            &[],
            Status::OnHold,
        ),
        (
            "it waits for something else",
            &[
                &[("incident_state", "Awaiting Vendor")],
                &[("incident_state", "Awaiting Problem")],
            ],
            &["Resumed", "PutOnHold"],
            &[],
            Status::OnHold,
        ),
        (
            "it goes on",
            &[&[("incident_state", "Awaiting User Info")], ACTIVE],
            &["Resumed"],
            &[],
            Status::InProgress,
        ),
        (
            "somebody else has it while it waits",
            &[
                &[("incident_state", "Awaiting User Info")],
                &[("assigned_to", "Wu Min")],
            ],
            &["Resumed", "Assigned", "AssignmentAccepted", "PutOnHold"],
            &[],
            Status::OnHold,
        ),
        (
            "it is resolved",
            &[ACTIVE, RESOLVED],
            &["Resolved"],
            &[],
            Status::Resolved,
        ),
        (
            "it is resolved while it waits",
            &[&[("incident_state", "Awaiting User Info")], RESOLVED],
            &["Resolved"],
            &[],
            Status::Resolved,
        ),
        (
            "it is taken on and resolved at once",
            &[&[], RESOLVED],
            &["AssignmentAccepted", "Resolved"],
            &[],
            Status::Resolved,
        ),
        (
            "it is resolved at the first contact",
            &[NOBODY, RESOLVED],
            &["Resolved"],
            &[],
            Status::Resolved,
        ),
        (
            "it is closed",
            &[RESOLVED, CLOSED],
            &["Closed"],
            &[],
            Status::Closed,
        ),
        (
            "it is resolved and closed at once",
            &[
                ACTIVE,
                &[
                    ("incident_state", "Closed"),
                    ("resolved_at", "2024-03-04T10:00:00"),
                ],
            ],
            &["Resolved", "Closed"],
            &[],
            Status::Closed,
        ),
        (
            "it was not resolved after all",
            &[
                RESOLVED,
                &[("incident_state", "Active"), ("reopen_count", "1")],
            ],
            &["ResolutionRejected"],
            &[],
            Status::InProgress,
        ),
        (
            "it is opened again",
            &[
                RESOLVED,
                CLOSED,
                &[("incident_state", "Active"), ("reopen_count", "1")],
            ],
            &["Reopened"],
            &[],
            Status::InProgress,
        ),
        (
            "it is opened again long after, whatever window holds here",
            &[
                RESOLVED,
                CLOSED,
                &[
                    ("incident_state", "Active"),
                    ("reopen_count", "1"),
                    ("sys_updated_at", "2024-09-01T00:00:00"),
                ],
            ],
            &["Reopened"],
            &[],
            Status::InProgress,
        ),
        (
            "it is opened again and waits",
            &[
                RESOLVED,
                CLOSED,
                &[("incident_state", "Awaiting Vendor"), ("reopen_count", "1")],
            ],
            &["Reopened", "PutOnHold"],
            &[],
            Status::OnHold,
        ),
        (
            "it was none",
            &[&[], &[("incident_state", "Canceled")]],
            &["Cancelled"],
            &[],
            Status::Cancelled,
        ),
        (
            "it is filed elsewhere",
            &[&[], &[("category", "Mail")]],
            &["Classified"],
            &[],
            Status::Assigned,
        ),
        (
            "it is judged anew",
            &[&[], &[("impact", "1 - High"), ("priority", "2 - High")]],
            &["PrioritySet"],
            &[],
            Status::Assigned,
        ),
        (
            "its priority is another than the matrix gives",
            &[
                &[],
                &[
                    ("impact", "3 - Low"),
                    ("urgency", "3 - Low"),
                    ("priority", "4 - Low"),
                ],
            ],
            &["PrioritySet", "PriorityOverridden"],
            &[],
            Status::Assigned,
        ),
        (
            "another configuration item is concerned",
            &[&[("cmdb_ci", "router-7")], &[("cmdb_ci", "router-8")]],
            &["CiUnlinked", "CiLinked"],
            &[],
            Status::Assigned,
        ),
        (
            "no configuration item is concerned any more",
            &[&[("cmdb_ci", "router-7")], &[("cmdb_ci", "")]],
            &["CiUnlinked"],
            &[],
            Status::Assigned,
        ),
        (
            "nobody is named any more who asked",
            &[&[], &[("caller_id", "?")]],
            &["DetailsCorrected"],
            &[],
            Status::Assigned,
        ),
        (
            "a problem lies beneath it",
            &[&[], &[("problem_id", "PRB 12")]],
            &["ExternalReferenceAdded"],
            &[],
            Status::Assigned,
        ),
        (
            "somebody else had asked",
            &[&[], &[("caller_id", "Qian Bo")]],
            &["DetailsCorrected"],
            &[],
            Status::Assigned,
        ),
    ];
    check(cases);
}

#[test]
#[expect(clippy::too_many_lines, reason = "one entry a case")]
fn what_the_process_forbids_becomes_a_correction_that_says_so() {
    let cases: &[Case] = &[
        (
            "worked on by nobody in particular",
            &[NO_PERSON, ACTIVE],
            &["StatusCorrected"],
            &["worked on, and nobody accepted it"],
            Status::InProgress,
        ),
        (
            "resolved by nobody in particular",
            &[NO_PERSON, RESOLVED],
            &["StatusCorrected", "Resolved"],
            &["worked on, and nobody accepted it"],
            Status::Resolved,
        ),
        (
            "worked on without a group",
            &[NOBODY, ACTIVE],
            &["StatusCorrected"],
            &["worked on, and nobody accepted it"],
            Status::InProgress,
        ),
        (
            "new again while it is worked on",
            &[ACTIVE, &[("incident_state", "New")]],
            &["StatusCorrected"],
            &["state that no step leads to"],
            Status::Assigned,
        ),
        (
            "closed, then active, and not counted as opened again",
            &[RESOLVED, CLOSED, ACTIVE],
            &["StatusCorrected"],
            &["state that no step leads to"],
            Status::InProgress,
        ),
        (
            "closed and never resolved",
            &[ACTIVE, CLOSED],
            &["StatusCorrected"],
            &["state that no step leads to"],
            Status::Closed,
        ),
        (
            "resolved after its closing",
            &[RESOLVED, CLOSED, RESOLVED],
            &["StatusCorrected"],
            &["state that no step leads to"],
            Status::Resolved,
        ),
        (
            "cancelled after its resolution",
            &[RESOLVED, &[("incident_state", "Cancelled")]],
            &["StatusCorrected"],
            &["state that no step leads to"],
            Status::Cancelled,
        ),
        (
            "worked on after it was cancelled",
            &[&[("incident_state", "Cancelled")], ACTIVE],
            &["StatusCorrected"],
            &["state that no step leads to"],
            Status::InProgress,
        ),
        (
            "handed over after its resolution",
            &[RESOLVED, &[("assigned_to", "Wu Min")]],
            &["StatusCorrected", "Assigned", "StatusCorrected"],
            &["handed over after its end"],
            Status::Resolved,
        ),
        (
            "handed over with its closing",
            &[
                RESOLVED,
                &[("incident_state", "Closed"), ("assigned_to", "Wu Min")],
            ],
            &["StatusCorrected", "Assigned", "StatusCorrected", "Closed"],
            &["handed over after its end"],
            Status::Closed,
        ),
        (
            "filed and judged anew after its closing, which moves nothing",
            &[
                RESOLVED,
                CLOSED,
                &[("category", "Mail"), ("priority", "2 - High")],
            ],
            &["Classified", "PriorityOverridden"],
            &[],
            Status::Closed,
        ),
        (
            "a state without a meaning",
            &[ACTIVE, &[("incident_state", "-100")]],
            &[],
            &["state without a meaning here"],
            Status::InProgress,
        ),
        (
            "the same state without a meaning is told once",
            &[ACTIVE, &[("incident_state", "-100")], &[]],
            &[],
            &[],
            Status::InProgress,
        ),
        (
            "handed over in a state without a meaning",
            &[
                &[("incident_state", "Awaiting Vendor")],
                &[("incident_state", "-100"), ("assigned_to", "Wu Min")],
            ],
            &["Resumed", "Assigned", "AssignmentAccepted", "PutOnHold"],
            &["state without a meaning here"],
            Status::OnHold,
        ),
        (
            "a person without a group",
            &[&[], &[("assignment_group", "?")]],
            &["Assigned"],
            &["group not given"],
            Status::Assigned,
        ),
        (
            "a group that is not given any more",
            &[&[], NOBODY],
            &["Assigned"],
            &["group not given"],
            Status::Assigned,
        ),
        (
            "equal times",
            &[&[], &[("sys_updated_at", "2024-03-04T09:00:00")]],
            &[],
            &["the time of the update before"],
            Status::Assigned,
        ),
        (
            "a time that runs backwards",
            &[&[], &[], &[("sys_updated_at", "2024-03-04T09:30:00")]],
            &[],
            &["older than the update before"],
            Status::Assigned,
        ),
        (
            "older than the first contact",
            &[&[], &[("sys_updated_at", "2024-03-04T08:30:00")]],
            &[],
            &[
                "older than the first contact",
                "older than the update before",
            ],
            Status::Assigned,
        ),
        (
            "counted backwards",
            &[&[], &[], &[("sys_mod_count", "0")]],
            &[],
            &["update counted again or backwards"],
            Status::Assigned,
        ),
        (
            "closed at once, with a resolution of later",
            &[
                ACTIVE,
                &[
                    ("incident_state", "Closed"),
                    ("resolved_at", "2024-03-09T10:00:00"),
                ],
            ],
            &["StatusCorrected"],
            &["state that no step leads to"],
            Status::Closed,
        ),
        (
            "no caller",
            &[&[("caller_id", "?")]],
            &[
                "Registered",
                "Classified",
                "PrioritySet",
                "ExternalReferenceAdded",
                "Assigned",
            ],
            &["caller not given"],
            Status::Assigned,
        ),
        (
            "an importance without a meaning",
            &[&[("impact", "?"), ("urgency", "0 - Whatever")]],
            &[
                "Registered",
                "Classified",
                "PrioritySet",
                "ExternalReferenceAdded",
                "Assigned",
            ],
            &[
                "impact, urgency or priority without a meaning here",
                "impact, urgency or priority without a meaning here",
            ],
            Status::Assigned,
        ),
    ];
    check(cases);
}

/// What happens, the rows, the events, the corrections, and the status after.
type Case = (
    &'static str,
    &'static [Changes<'static>],
    &'static [&'static str],
    &'static [&'static str],
    Status,
);

fn check(cases: &[Case]) {
    for (what, changes, events, corrections, status) in cases {
        let (desk, names, kinds) = last_of(changes);
        assert_eq!(names, *events, "{what}");
        assert_eq!(kinds, *corrections, "{what}");
        assert_eq!(desk.incident("INC1").status(), *status, "{what}");
    }
}

#[test]
fn the_same_row_over_and_over_always_gives_an_event() {
    let rows = history(&[
        &[],
        &[
            ("sys_mod_count", "0"),
            ("sys_updated_at", "2024-03-04T09:00:00"),
        ],
    ]);
    let mut desk = MemoryDesk::for_rows(&rows);
    for row in [&rows[0], &rows[1], &rows[1], &rows[1], &rows[1]] {
        assert!(!desk.take(row).unwrap().events.is_empty());
    }
}

#[test]
fn the_state_of_the_row_is_what_the_incident_ends_with() {
    let (desk, ..) = last_of(&[
        &[],
        &[
            ("incident_state", "Awaiting Evidence"),
            ("caller_id", "Qian Bo"),
            ("priority", "2 - High"),
        ],
    ]);
    let incident = desk.incident("INC1");
    let work = incident.work();
    assert_eq!(incident.held_for(), Some(HoldReason::Requester));
    assert_eq!(
        work.custom_fields["servicenow.incident_state"],
        "Awaiting Evidence"
    );
    assert_eq!(work.requester.as_ref().unwrap().as_str(), "qian bo");
    assert_eq!(work.team.as_ref().unwrap().name, "Service desk");
    assert_eq!(work.person.as_ref().unwrap().as_str(), "he jun");
    assert_eq!(work.priority.unwrap().priority, Priority::P2);
    assert_eq!(
        work.details[DetailField::Summary.as_ref()],
        "Network / Remote access"
    );
    assert_eq!(
        work.custom_fields["servicenow.update"],
        "1 at 2024-03-04T10:00:00Z"
    );
    assert_eq!(work.custom_fields["servicenow.contact_type"], "Phone");
    assert!(!work.custom_fields.contains_key("servicenow.notify"));
}

#[test]
fn a_field_that_is_emptied_is_emptied_and_a_resolution_is_not_known_before_it_is_there() {
    let (desk, ..) = last_of(&[&[
        ("vendor", "Vendor 8"),
        ("closed_code", "code 6"),
        ("resolved_at", "2024-03-08T09:00:00"),
        ("closed_at", "2024-03-09T09:00:00"),
    ]]);
    let fields = &desk.incident("INC1").work().custom_fields;
    assert_eq!(fields["servicenow.vendor"], "Vendor 8");
    assert!(!fields.contains_key("servicenow.closed_code"));
    assert!(!fields.contains_key("servicenow.closed_at"));

    let (desk, ..) = last_of(&[&[("vendor", "Vendor 8")], &[("vendor", "?")], RESOLVED]);
    let fields = &desk.incident("INC1").work().custom_fields;
    assert!(!fields.contains_key("servicenow.vendor"));
    assert_eq!(fields["servicenow.closed_code"], "code 6");
    assert_eq!(fields["servicenow.resolved_at"], "2024-03-04T10:00:00");
}

/// The code and the words of the last resolution.
fn resolution(changes: &[Changes]) -> (String, String, MemoryDesk) {
    let rows = history(changes);
    let mut desk = MemoryDesk::for_rows(&rows);
    let mut last = None;
    for row in &rows {
        for event in desk.take(row).unwrap().events {
            if let Event::Resolved { code, solution, .. } = event {
                last = Some((code.to_string(), solution.to_string()));
            }
        }
    }
    let (code, solution) = last.unwrap();
    (code, solution, desk)
}

#[test]
fn a_resolution_that_lies_in_the_rows_future_is_not_taken_on_any_row() {
    const LATER: Changes = &[
        ("incident_state", "Resolved"),
        ("closed_code", "code 6"),
        ("resolved_by", "He Jun"),
        ("resolved_at", "2024-03-08T09:00:00"),
        ("closed_at", "2024-03-09T09:00:00"),
    ];
    const CLOSED_ON_TIME: Changes = &[
        ("incident_state", "Closed"),
        ("sys_updated_at", "2024-03-09T09:00:00"),
    ];
    for rows in [&[ACTIVE, LATER][..], &[ACTIVE, LATER, CLOSED]] {
        let (code, solution, desk) = resolution(rows);
        assert_eq!(
            (&*code, &*solution),
            ("(not given)", "ServiceNow: resolved")
        );
        let fields = &desk.incident("INC1").work().custom_fields;
        for field in ["closed_code", "resolved_by", "resolved_at", "closed_at"] {
            assert!(
                !fields.contains_key(&*format!("servicenow.{field}")),
                "{field}"
            );
        }
    }
    let (.., desk) = resolution(&[ACTIVE, LATER, CLOSED_ON_TIME]);
    let fields = &desk.incident("INC1").work().custom_fields;
    assert_eq!(fields["servicenow.closed_code"], "code 6");
    assert_eq!(fields["servicenow.closed_at"], "2024-03-09T09:00:00");
    let (code, solution, _) = resolution(&[ACTIVE, RESOLVED]);
    assert_eq!(
        (&*code, &*solution),
        (
            "code 6",
            "ServiceNow: resolved by He Jun at 2024-03-04T10:00:00"
        )
    );
}

#[test]
fn a_resolution_that_a_row_empties_is_emptied() {
    let (.., desk) = resolution(&[
        RESOLVED,
        &[
            ("incident_state", "Active"),
            ("sys_updated_at", "2024-03-04T11:00:00"),
            ("closed_code", ""),
            ("resolved_by", ""),
            ("resolved_at", ""),
        ],
    ]);
    let fields = &desk.incident("INC1").work().custom_fields;
    for field in ["closed_code", "resolved_by", "resolved_at"] {
        assert!(
            !fields.contains_key(&*format!("servicenow.{field}")),
            "{field}"
        );
    }
}

#[test]
fn a_time_that_the_clocks_showed_twice_or_never_is_kept_and_said() {
    let berlin = || Reading {
        zone: chrono_tz::Europe::Berlin,
        zone_is_given: true,
        ..usual()
    };
    for (time, at, kind) in [
        (
            "2024-10-27T02:30:00",
            "2024-10-27T00:30:00Z",
            "a time that the clocks showed twice",
        ),
        (
            "2024-03-31T02:30:00",
            "2024-03-31T01:30:00Z",
            "a time that the clocks never showed",
        ),
    ] {
        let rows = history_read(&[&[("sys_updated_at", time)]], berlin());
        let mut desk = MemoryDesk::for_rows(&rows);
        let taken = desk.take(&rows[0]).unwrap();
        assert_eq!(taken.corrections[0].kind.in_words(), kind);
        let mark = &desk.incident("INC1").work().custom_fields["servicenow.update"];
        assert!(
            mark.starts_with(&format!("0 at {at}; the clocks of its zone")),
            "{mark}"
        );
    }
}
