//! Every mutation is sent over GraphQL and taken. The list of those that there
//! are comes from the schema: a new one fails here until a journey sends it.

use std::collections::BTreeSet;

use domain::Role;
use serde_json::{Value, json};
use tests::schema::Schema;
use tests::{Incident, Person, Team, TestDesk, journey};

/// A day of everybody at the desk, and what was sent in it.
struct Day {
    desk: TestDesk,
    sent: BTreeSet<String>,
    coordinator: Person,
    network: Team,
}

impl Day {
    /// Sends a mutation that must be taken.
    async fn does(&mut self, person: &Person, mutation: &str, input: Value) -> Value {
        let payload = person.does(mutation, input).await;
        for result in payload["results"].as_array().into_iter().flatten() {
            assert!(result["error"].is_null(), "{mutation}: {result}");
        }
        self.sent.insert(mutation.to_owned());
        payload
    }

    /// Takes steps of an incident, one after the other.
    async fn takes(&mut self, person: &Person, incident: &Incident, steps: &[(&str, Value)]) {
        for (mutation, more) in steps {
            let input = journey::with(json!({ "id": incident.id }), more);
            self.does(person, mutation, input).await;
        }
    }

    async fn logs(&mut self) -> Incident {
        let person = self.coordinator.clone();
        let registered = self
            .does(&person, "incidentRegister", journey::intake())
            .await;
        Incident::of(&registered["incident"])
    }

    async fn organises(&mut self) {
        let administrator = self.desk.person("head", Role::Administrator).await;
        let team = json!({ "code": "spare", "name": "spare", "line": "THIRD", "department": "d" });
        let founded = self.does(&administrator, "teamFound", team).await;
        let team = &founded["team"]["id"];
        let member = json!({ "teamId": team, "person": "li.na", "name": "李娜" });
        self.does(&administrator, "teamAddMember", member).await;
        let member = json!({ "teamId": team, "person": "li.na" });
        self.does(&administrator, "teamNameLead", member.clone())
            .await;
        self.does(&administrator, "teamRemoveMember", member).await;
        for step in ["teamDeactivate", "teamReactivate"] {
            self.does(&administrator, step, json!({ "teamId": team }))
                .await;
        }
        let token = json!({ "name": "monitoring", "role": "AGENT" });
        let issued = self.does(&administrator, "apiTokenIssue", token).await;
        let token = json!({ "tokenId": issued["tokenId"] });
        self.does(&administrator, "apiTokenRevoke", token).await;
    }

    async fn configures(&mut self) {
        let author = self.desk.person("author", Role::Administrator).await;
        let reviewer = self.desk.person("reviewer", Role::Administrator).await;
        let level = |priority: &str| json!({ "priority": priority, "nameZh": "x", "nameEn": "x", "confirmWithinHours": 24, "reopenWithinHours": 48, "reviewRequired": false });
        let levels = ["P1", "P2", "P3", "P4", "P5"].map(level);
        let row = json!(["P1", "P2", "P3"]);
        let matrix = json!({ "rows": [row, row, row], "levels": levels });
        let category = json!({ "code": "network-vpn", "nameZh": "x", "nameEn": "x" });
        let tree = json!({ "categories": [category] });
        for (kind, content) in [("priorityMatrix", matrix), ("categoryTree", tree)] {
            let step = |name: &str| format!("{kind}{name}");
            self.does(&author, &step("SaveDraft"), content.clone())
                .await;
            self.does(&author, &step("DiscardDraft"), json!({})).await;
            let again = content.clone();
            self.does(&author, &step("SaveDraft"), content).await;
            self.does(&reviewer, &step("PassReview"), json!({})).await;
            self.does(&author, &step("Publish"), json!({})).await;
            self.does(&author, &step("SaveDraft"), again).await;
            self.does(&reviewer, &step("PassReview"), json!({})).await;
            let tomorrow =
                json!({ "effectiveFrom": api::clock::now() + chrono::TimeDelta::days(1) });
            self.does(&author, &step("Publish"), tomorrow).await;
            let withdrawn = json!({ "version": 3, "reason": "x" });
            self.does(&author, &step("Withdraw"), withdrawn).await;
        }
    }

    async fn judges_and_records(&mut self) {
        let (incident, other) = (self.logs().await, self.logs().await);
        let relation = json!({ "relation": "RELATES_TO", "targetId": other.id });
        let file = json!({ "name": "x.png", "mediaType": "image/png", "sizeBytes": 1024, "sha256": "a".repeat(64) });
        let contact = json!({ "contactChannel": "PHONE", "text": "x" });
        let correction = json!({ "field": "SUMMARY", "to": "y", "reason": "x" });
        let steps = [
            ("workItemClassify", json!({ "category": "network-lan" })),
            (
                "workItemPrioritise",
                json!({ "impact": "HIGH", "urgency": "HIGH" }),
            ),
            (
                "workItemOverridePriority",
                json!({ "priority": "P2", "reason": "x" }),
            ),
            (
                "workItemComment",
                json!({ "visibility": "PUBLIC", "text": "x" }),
            ),
            (
                "workItemNotifyStage",
                json!({ "recipients": ["zhao.min"], "text": "x" }),
            ),
            ("workItemRecordContact", contact),
            ("workItemUrge", json!({ "text": "x" })),
            ("workItemAddWatcher", json!({ "person": "li.na" })),
            ("workItemRemoveWatcher", json!({ "person": "li.na" })),
            ("workItemLinkCi", json!({ "configurationItem": "gw-01" })),
            ("workItemUnlinkCi", json!({ "configurationItem": "gw-01" })),
            ("workItemLink", relation.clone()),
            ("workItemUnlink", relation),
            ("workItemAttach", file),
            (
                "workItemAddExternalReference",
                json!({ "system": "x", "reference": "1" }),
            ),
            ("workItemApplyKnowledge", json!({ "article": "KB0007" })),
            ("workItemLogEffort", json!({ "minutes": 5 })),
            (
                "workItemSetCustomField",
                json!({ "name": "branch", "value": "x" }),
            ),
            ("workItemCorrectDetails", correction),
            (
                "workItemMergeInto",
                json!({ "targetId": other.id, "reason": "x", "told": ["zhao.min"] }),
            ),
        ];
        let coordinator = self.coordinator.clone();
        self.takes(&coordinator, &incident, &steps).await;
        // It was a severe one, and somebody else looks back on it.
        let agent = self.network.agent.clone();
        let review = ("incidentCompleteReview", json!({ "text": "x" }));
        self.takes(&agent, &incident, &[review]).await;
        let archive = ("workItemArchive", json!({}));
        self.takes(&coordinator, &incident, &[archive]).await;
        let cancelled = json!({ "reason": "x", "told": ["zhao.min"] });
        self.takes(&coordinator, &other, &[("incidentCancel", cancelled)])
            .await;
    }

    async fn hands_over(&mut self) {
        let (first, servers) = (
            self.desk.first_line().await,
            self.desk.team("servers", "SECOND", "Infrastructure").await,
        );
        let (coordinator, network) = (self.coordinator.clone(), self.network.clone());
        let incident = self.logs().await;
        let to = |team: &Team| json!({ "teamId": team.id });
        let deeper = json!({ "teamId": network.id, "reason": "x" });
        let higher = json!({ "level": 1, "person": "cio", "reason": "x" });
        let assign = ("workItemAssign", to(&first));
        let accept = ("workItemAccept", json!({}));
        self.takes(&coordinator, &incident, std::slice::from_ref(&assign))
            .await;
        let back = ("workItemReturn", json!({ "reason": "x" }));
        self.takes(&first.agent, &incident, &[back]).await;
        self.takes(&coordinator, &incident, &[assign]).await;
        let deeper = ("workItemEscalateFunctionally", deeper);
        self.takes(&first.agent, &incident, &[accept.clone(), deeper])
            .await;
        let forward = ("workItemForward", to(&servers));
        self.takes(&network.agent, &incident, &[accept, forward])
            .await;
        let higher = ("workItemEscalateHierarchically", higher);
        self.takes(&coordinator, &incident, &[higher]).await;
        let answered = self.logs().await;
        let resolution = json!({ "code": "Answered", "solution": "x" });
        let resolution = ("incidentResolveAtContact", resolution);
        let support = ("incidentGiveInitialSupport", json!({ "answer": "x" }));
        self.takes(&first.agent, &answered, &[support, resolution])
            .await;
    }

    async fn diagnoses_and_resolves(&mut self) {
        let (coordinator, network) = (self.coordinator.clone(), self.network.clone());
        let requester = self.desk.person("zhao.min", Role::Requester).await;
        let incident = coordinator.has_an_incident_in_progress(&network).await;
        let expected = api::clock::now() + chrono::Duration::days(1);
        let expected = json!({ "at": expected, "reason": "x" });
        self.has_a_history().await;
        let hold = json!({ "reason": "REQUESTER", "text": "x" });
        let major = json!({ "reason": "x", "leader": "coordinator" });
        let majors = [
            ("incidentDeclareMajor", major),
            ("incidentStandDownMajor", json!({ "reason": "x" })),
        ];
        let resolve = (
            "incidentResolve",
            json!({ "code": "Fixed", "solution": "x" }),
        );
        let diagnosis = [
            ("incidentStartDiagnosis", json!({})),
            ("incidentRecordFinding", json!({ "text": "x" })),
            ("incidentComputeExpectedResolution", json!({})),
            ("incidentSetExpectedResolution", expected),
            ("incidentPutOnHold", hold),
            ("incidentResume", json!({})),
            ("incidentApplyWorkaround", json!({ "text": "x" })),
            ("incidentRestoreService", json!({})),
            resolve.clone(),
        ];
        let review = [("incidentCompleteReview", json!({ "text": "x" }))];
        let reason = json!({ "reason": "x" });
        self.takes(&coordinator, &incident, &majors).await;
        self.takes(&network.agent, &incident, &diagnosis).await;
        let reject = ("incidentRejectResolution", reason.clone());
        self.takes(&requester, &incident, &[reject]).await;
        self.takes(&network.agent, &incident, &[resolve]).await;
        self.takes(&coordinator, &incident, &review).await;
        let confirm = ("incidentConfirmResolution", json!({}));
        let reopen = ("incidentReopen", reason);
        self.takes(&requester, &incident, &[confirm, reopen]).await;

        let reviewed = coordinator.has_a_resolved_incident(&network).await;
        let require = ("incidentRequireReview", json!({}));
        self.takes(&coordinator, &reviewed, &[require]).await;
        self.takes(&coordinator, &reviewed, &review).await;
        let close = ("incidentClose", json!({ "noFeedbackReason": "x" }));
        self.takes(&coordinator, &reviewed, &[close]).await;
    }

    /// Incidents that took two hours each, from which a time can be computed.
    async fn has_a_history(&mut self) {
        let coordinator = self.coordinator.clone();
        let opened = api::clock::now() - chrono::Duration::hours(2);
        for _ in 0..5 {
            let incident = coordinator.logs(json!({ "effectiveAt": opened })).await;
            let resolution = json!({ "code": "Answered", "solution": "x" });
            coordinator
                .takes("incidentResolveAtContact", &incident, resolution)
                .await;
        }
        self.desk.settled().await;
    }

    async fn works_in_bulk(&mut self) {
        let (coordinator, network) = (self.coordinator.clone(), self.network.clone());
        let ids = |one: &Incident, other: &Incident| json!({ "ids": [one.id, other.id] });
        let both = ids(&self.logs().await, &self.logs().await);
        let cancelled = ids(&self.logs().await, &self.logs().await);
        let steps = [
            (
                "workItemBulkComment",
                json!({ "visibility": "INTERNAL", "text": "x" }),
            ),
            ("workItemBulkClassify", json!({ "category": "network-lan" })),
            (
                "workItemBulkPrioritise",
                json!({ "impact": "LOW", "urgency": "LOW" }),
            ),
            ("workItemBulkAssign", json!({ "teamId": network.id })),
        ];
        for (mutation, more) in &steps {
            let input = journey::with(both.clone(), more);
            self.does(&coordinator, mutation, input).await;
        }
        for id in both["ids"].as_array().unwrap() {
            network
                .agent
                .does("workItemAccept", json!({ "id": id }))
                .await;
        }
        let resolution = json!({ "code": "Fixed", "solution": "x" });
        let steps = [
            ("incidentBulkResolve", resolution),
            ("incidentBulkClose", json!({ "noFeedbackReason": "x" })),
            ("workItemBulkArchive", json!({})),
        ];
        for (mutation, more) in &steps {
            let input = journey::with(both.clone(), more);
            self.does(&coordinator, mutation, input).await;
        }
        let reason = json!({ "reason": "x", "noFeedbackReason": "x" });
        let cancelled = journey::with(cancelled, &reason);
        self.does(&coordinator, "incidentBulkCancel", cancelled)
            .await;
    }
}

#[tokio::test]
async fn every_mutation_is_sent_and_taken() {
    let desk = TestDesk::open().await;
    let (coordinator, network) = (desk.coordinator().await, desk.second_line().await);
    let schema = Schema::of(&coordinator).await;
    let mut day = Day {
        desk,
        sent: BTreeSet::new(),
        coordinator,
        network,
    };
    day.organises().await;
    day.judges_and_records().await;
    day.hands_over().await;
    day.diagnoses_and_resolves().await;
    day.works_in_bulk().await;
    day.configures().await;
    let there_are: BTreeSet<String> = schema.root_fields("Mutation").into_iter().collect();
    let unsent: Vec<_> = there_are.difference(&day.sent).collect();
    assert!(unsent.is_empty(), "no journey sends {unsent:?}");
}
