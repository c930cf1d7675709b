//! What process mining reads of an imported history.

use serde_json::Value;
use tests::postgres::TestDatabase;
use tests::program::{complained, run};

use super::{Files, import, rows};

#[tokio::test]
async fn plt_08_an_imported_item_has_the_sources_number_and_its_first_contact_in_every_form() {
    let database = TestDatabase::create().await;
    let files = Files::new();
    let file = files.write("audit.csv", rows(1, &[("INC9000001", "INC7700042")]));
    assert_eq!(import(&database, &file, &[]).code, Some(0));
    let number = "select count(*) from work_queue where number <> 'INC7700042'";
    assert_eq!(database.number(number).await, 1);
    let written = |form: &str, name: &str| {
        let path = files.path(name);
        let url = database.url();
        let path = path.to_str().unwrap();
        let common = ["process-log", "--by", "auditor", "--database-url", &url];
        let output = run(
            "docket-replay",
            &[&common[..], &["--format", form, "--output", path]].concat(),
        );
        assert!(output.status.success(), "{}", complained(&output));
        path.to_owned()
    };

    let xes = std::fs::read_to_string(written("xes", "incidents.xes")).unwrap();
    for expected in [
        r#"<string key="external_references" value="ServiceNow INC7700042"/>"#,
        r#"<date key="opened_at" value="2024-03-04T09:00:00.000000Z"/>"#,
        r#"<string key="on_behalf_of" value="desk 1"/>"#,
        r#"<string key="rule" value="servicenow-audit@1"/>"#,
        r#"<int key="sequence" value="1"/>"#,
        r#"<string key="requester" value="lin xia"/>"#,
    ] {
        assert!(xes.contains(expected), "{expected}: {xes}");
    }

    let json = std::fs::read(written("ocel-json", "desk.json")).unwrap();
    let json: Value = serde_json::from_slice(&json).unwrap();
    let objects = json["objects"].as_array().unwrap();
    let incident = objects
        .iter()
        .find(|one| one["type"] == "incident")
        .unwrap();
    let value = |name: &str| {
        let attributes = incident["attributes"].as_array().unwrap();
        let found = attributes.iter().find(|one| one["name"] == name);
        found.unwrap_or_else(|| panic!("{name}: {incident}"))["value"].clone()
    };
    assert_eq!(value("external_references"), "ServiceNow INC7700042");
    assert_eq!(value("opened_at"), "2024-03-04T09:00:00.000000Z");
    // What a trace has of an item, an object has under the same name.
    let trace = xes.split_once("<trace>").unwrap().1;
    let trace = trace.split_once("<event>").unwrap().0;
    let keys = trace.split("key=\"").skip(1);
    let keys = keys.map(|rest| rest.split_once('"').unwrap().0);
    for key in keys.filter(|key| !["concept:name", "id"].contains(key)) {
        value(key);
    }
}
