//! The verbs of a journey through the desk.

use domain::Role;
use serde_json::{Value, json};

use crate::{Person, TestDesk};

/// What a mutation is asked to return of the item that it changed.
const ITEM: &str = "id number status handling isOpen priority version position";

/// A team of the desk, and one of its members.
#[derive(Clone)]
pub struct Team {
    /// The team's global id.
    pub id: String,
    /// Its member, an agent.
    pub agent: Person,
}

/// An incident of the desk.
#[derive(Debug, Clone)]
pub struct Incident {
    /// Its global id.
    pub id: String,
    /// Its number.
    pub number: String,
}

/// The document that sends one mutation with one input.
pub fn document(mutation: &str) -> String {
    let input = input_type(mutation);
    let payload = match mutation {
        bulk if bulk.contains("Bulk") => {
            format!("commandId results {{ id position error {{ code message field }} workItem {{ {ITEM} }} }}")
        }
        own if own.starts_with("incident") => format!("clientMutationId commandId position version duplicate incident {{ {ITEM} }}"),
        kernel if kernel.starts_with("workItem") => {
            format!("clientMutationId commandId position version duplicate workItem {{ {ITEM} }}")
        }
        team if team.starts_with("team") => "position team { id code name active version members { person name } }".to_owned(),
        token if token.starts_with("apiToken") => "position tokenId secret".to_owned(),
        matrix if matrix.starts_with("priorityMatrix") => {
            "position priorityMatrix { version versions { version effectiveFrom } draft { draftedBy reviewedBy } }".to_owned()
        }
        _ => "position categoryTree { version versions { version effectiveFrom } draft { draftedBy reviewedBy } }".to_owned(),
    };
    format!("mutation($input: {input}!) {{ {mutation}(input: $input) {{ {payload} }} }}")
}

fn input_type(mutation: &str) -> String {
    match mutation {
        "workItemBulkArchive" => "WorkItemBulkInput".to_owned(),
        "teamDeactivate" | "teamReactivate" => "TeamStepInput".to_owned(),
        step if step.ends_with("PassReview") || step.ends_with("DiscardDraft") => {
            "ConfigurationStepInput".to_owned()
        }
        withdraw if withdraw.ends_with("Withdraw") => "ConfigurationWithdrawInput".to_owned(),
        publish if publish.ends_with("Publish") => "ConfigurationPublishInput".to_owned(),
        other => {
            let (first, rest) = other.split_at(1);
            format!("{}{rest}Input", first.to_uppercase())
        }
    }
}

/// What an incident is registered with when nothing else is said.
pub fn intake() -> Value {
    json!({
        "summary": "VPN 无法连接",
        "description": "自今天上午起,拨号后提示 809 错误。",
        "requester": "zhao.min",
        "contactChannel": "PHONE",
        "category": "network-vpn",
        "impact": "MEDIUM",
        "urgency": "MEDIUM",
    })
}

/// One JSON object with the fields of another put into it.
pub fn with(mut base: Value, more: &Value) -> Value {
    let fields = base.as_object_mut().expect("an object");
    fields.extend(more.as_object().expect("an object").clone());
    base
}

/// The last step of an object's history that was asked for with its nodes.
pub fn last_step(seen: &Value) -> Value {
    let steps = seen["history"]["nodes"].as_array().expect("a history");
    steps.last().expect("it has a step").clone()
}

impl TestDesk {
    /// A team with one agent in it, who is called after the team.
    pub async fn team(&self, code: &str, line: &str, department: &str) -> Team {
        let administrator = self.person("admin", Role::Administrator).await;
        let name = format!("{code}.agent");
        let founded = administrator
            .does(
                "teamFound",
                json!({ "code": code, "name": code, "line": line, "department": department }),
            )
            .await;
        let id = founded["team"]["id"]
            .as_str()
            .expect("the team has an id")
            .to_owned();
        administrator
            .does(
                "teamAddMember",
                json!({ "teamId": id, "person": name, "name": name }),
            )
            .await;
        Team {
            id,
            agent: self.person(&name, Role::Agent).await,
        }
    }

    /// The service desk's own team, of the first line.
    pub async fn first_line(&self) -> Team {
        self.team("desk", "FIRST", "Service desk").await
    }

    /// A team of the second line.
    pub async fn second_line(&self) -> Team {
        self.team("network", "SECOND", "Infrastructure").await
    }
}

impl Person {
    /// Registers an incident like any other.
    pub async fn logs_an_incident(&self) -> Incident {
        self.logs(json!({})).await
    }

    /// Registers an incident with something particular about it.
    pub async fn logs(&self, particular: Value) -> Incident {
        let registered = self
            .does("incidentRegister", with(intake(), &particular))
            .await;
        Incident::of(&registered["incident"])
    }

    /// Takes a step of an incident that must be accepted.
    pub async fn takes(&self, mutation: &str, incident: &Incident, more: Value) -> Value {
        self.does(mutation, with(json!({ "id": incident.id }), &more))
            .await
    }

    /// Takes a step of an incident that must be refused, and returns the code.
    pub async fn cannot(&self, mutation: &str, incident: &Incident, more: Value) -> String {
        self.is_refused(mutation, with(json!({ "id": incident.id }), &more))
            .await
            .code
    }

    /// Gives an incident to a team.
    pub async fn assigns(&self, incident: &Incident, team: &Team) {
        self.takes("workItemAssign", incident, json!({ "teamId": team.id }))
            .await;
    }

    /// An incident that a team works on.
    pub async fn has_an_incident_in_progress(&self, team: &Team) -> Incident {
        let incident = self.logs_an_incident().await;
        self.assigns(&incident, team).await;
        team.agent
            .takes("workItemAccept", &incident, json!({}))
            .await;
        incident
    }

    /// An incident that a team has resolved.
    pub async fn has_a_resolved_incident(&self, team: &Team) -> Incident {
        let incident = self.has_an_incident_in_progress(team).await;
        let resolution = json!({ "code": "Fixed", "solution": "重启了 VPN 网关。" });
        team.agent
            .takes("incidentResolve", &incident, resolution)
            .await;
        incident
    }

    /// An incident that the desk has closed.
    pub async fn has_a_closed_incident(&self, team: &Team) -> Incident {
        let incident = self.has_a_resolved_incident(team).await;
        self.takes(
            "incidentClose",
            &incident,
            json!({ "noFeedbackReason": "电话未接通" }),
        )
        .await;
        incident
    }

    /// What an incident looks like now, by some of its fields.
    pub async fn sees(&self, incident: &Incident, fields: &str) -> Value {
        let query = format!("query($id: ID!) {{ incident(id: $id) {{ {fields} }} }}");
        self.data(&query, json!({ "id": incident.id })).await["incident"].clone()
    }

    /// The names of an incident's events, oldest first.
    pub async fn history_of(&self, incident: &Incident) -> Vec<String> {
        let seen = self
            .sees(incident, "history(first: 100) { nodes { eventType } }")
            .await;
        let nodes = seen["history"]["nodes"]
            .as_array()
            .expect("a history")
            .clone();
        nodes
            .iter()
            .map(|node| node["eventType"].as_str().expect("a name").to_owned())
            .collect()
    }
}

impl Incident {
    /// The incident that a payload shows.
    pub fn of(value: &Value) -> Self {
        let text = |field: &str| {
            value[field]
                .as_str()
                .unwrap_or_else(|| panic!("no {field} in {value}"))
                .to_owned()
        };
        Self {
            id: text("id"),
            number: text("number"),
        }
    }
}

/// The identity in the log of an object with a global id.
pub fn identity(id: &str) -> uuid::Uuid {
    use base64::Engine;
    let text = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(id)
        .expect("a global id");
    let text = String::from_utf8(text).expect("a global id");
    let (_, identity) = text.split_once(':').expect("a global id");
    identity.parse().expect("a global id")
}
