//! Who there is: teams, their members, and the tokens by which programs act.
//! Small, asked for with every request, and so kept in memory: folded from the
//! log at the start and kept up by following it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use domain::ids::{PersonId, TeamId, TokenId};
use domain::organisation::{TeamEvent, TokenEvent};
use domain::work_item::SupportLine;
use domain::{Actor, Role};
use event_store::{Filter, Log, RecordedEvent, StoreError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How many events are read at once when the directory is built.
const PAGE: i64 = 5_000;

type OnChange = Box<dyn Fn(&str, Uuid) + Send + Sync>;

/// Who there is, as of [`Directory::position`].
#[derive(Clone)]
pub struct Directory {
    entries: Arc<RwLock<Entries>>,
    position: watch::Receiver<i64>,
    changes: watch::Receiver<()>,
    on_change: Arc<OnceLock<OnChange>>,
    stop: CancellationToken,
}

#[derive(Default)]
struct Entries {
    teams: BTreeMap<TeamId, TeamEntry>,
    tokens: HashMap<String, TokenEntry>,
    secrets: HashMap<TokenId, String>,
    teams_of: HashMap<PersonId, Vec<TeamId>>,
    closed_teams: Arc<BTreeSet<TeamId>>,
}

/// A team as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamEntry {
    /// Which team.
    pub id: TeamId,
    /// Unique on the desk.
    pub code: String,
    /// What people call it.
    pub name: String,
    /// Its depth of expertise.
    pub line: SupportLine,
    /// Its department.
    pub department: String,
    /// Whether it works at present.
    pub active: bool,
    /// Who leads it.
    pub lead: Option<PersonId>,
    /// Who is in it, with their names.
    pub members: BTreeMap<PersonId, String>,
    /// The version of the team's stream.
    pub version: i64,
}

/// A token as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenEntry {
    /// Which token.
    pub id: TokenId,
    /// The name that stands in the log.
    pub name: PersonId,
    /// What it may do.
    pub role: Role,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
}

impl TokenEntry {
    fn has_ended(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// Returns when the token ends by itself; never where it has no end.
    pub(crate) async fn ended(&self) {
        let Some(end) = self.expires_at else {
            return std::future::pending().await;
        };
        let left = end - crate::clock::now();
        // A timer that is early is set again by who waits.
        tokio::time::sleep(left.to_std().unwrap_or_default()).await;
    }
}

impl TeamEntry {
    /// Changes a team by an event; its foundation makes it.
    pub(crate) fn apply(team: &mut Option<Self>, recorded: &RecordedEvent, event: &TeamEvent) {
        if let TeamEvent::TeamFounded {
            code,
            name,
            line,
            department,
        } = event
        {
            *team = Some(Self {
                id: TeamId(recorded.aggregate_id),
                code: code.to_string(),
                name: name.to_string(),
                line: *line,
                department: department.to_string(),
                active: true,
                lead: None,
                members: BTreeMap::new(),
                version: recorded.sequence,
            });
            return;
        }
        let Some(team) = team else { return };
        team.version = recorded.sequence;
        match event {
            TeamEvent::MemberAdded { person, name } => {
                team.members.insert(person.clone(), name.to_string());
            }
            TeamEvent::MemberRemoved { person } => {
                team.members.remove(person);
                // Nobody leads a team that they are not in.
                team.lead = team.lead.take().filter(|lead| lead != person);
            }
            TeamEvent::TeamLeadNamed { to, .. } => team.lead.clone_from(to),
            TeamEvent::TeamDeactivated {} => team.active = false,
            TeamEvent::TeamReactivated {} => team.active = true,
            TeamEvent::TeamFounded { .. } => {}
        }
    }
}

impl Directory {
    /// Folds the directory from the log and keeps it up from then on.
    pub async fn start(log: Log) -> Result<Self, StoreError> {
        let mut entries = Entries::default();
        let head = log.head().await?.position;
        let filter = Filter {
            aggregate_types: Some(vec!["team".to_owned(), "api_token".to_owned()]),
            ..Filter::default()
        };
        let mut after = 0;
        loop {
            let page = log.read(after, PAGE, &filter).await?;
            let Some(last) = page.last() else { break };
            after = last.position;
            for event in &page {
                entries.apply(event);
            }
        }
        let reached = head.max(after);
        let (reach, position) = watch::channel(reached);
        let (change, changes) = watch::channel(());
        let directory = Self {
            entries: Arc::new(RwLock::new(entries)),
            position,
            changes,
            on_change: Arc::default(),
            stop: CancellationToken::new(),
        };
        tokio::spawn(directory.clone().follow(log, reached, reach, change));
        Ok(directory)
    }

    /// Calls back with the type and id of every aggregate of the desk's
    /// configuration that has changed, whichever replica changed it.
    pub(crate) fn forget_on_change(&self, call: impl Fn(&str, Uuid) + Send + Sync + 'static) {
        // Set once, by the desk that the directory belongs to.
        let _ = self.on_change.set(Box::new(call));
    }

    async fn follow(
        self,
        log: Log,
        after: i64,
        reach: watch::Sender<i64>,
        change: watch::Sender<()>,
    ) {
        let mut follower = log.follow(after);
        loop {
            let batch = tokio::select! {
                () = self.stop.cancelled() => return,
                batch = follower.next() => batch,
            };
            let batch = match batch {
                Ok(batch) => batch,
                Err(StoreError::Closed) => return,
                Err(error) => {
                    tracing::warn!(%error, "the directory cannot follow the log at present");
                    continue;
                }
            };
            for event in &batch {
                match &*event.aggregate_type {
                    "team" | "api_token" => {
                        self.write().apply(event);
                        change.send_replace(());
                    }
                    "priority_matrix" | "category_tree" => {
                        if let Some(call) = self.on_change.get() {
                            call(&event.aggregate_type, event.aggregate_id);
                        }
                    }
                    _ => {}
                }
            }
            reach.send_replace(follower.position());
        }
    }

    /// Waits until the directory knows what stands at a position.
    pub async fn wait_for(&self, position: i64) {
        let mut reached = self.position.clone();
        // An error means that the desk shuts down; whoever waits learns of it
        // from what they do next.
        let _ = reached.wait_for(|at| *at >= position).await;
    }

    /// Tells of each change of a team or a token from now on.
    pub fn changes(&self) -> watch::Receiver<()> {
        let mut changes = self.changes.clone();
        changes.mark_unchanged();
        changes
    }

    /// Ends the following.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// The token with this secret's hash, unless it has ended.
    pub fn token(&self, secret_sha256: &str, now: DateTime<Utc>) -> Option<TokenEntry> {
        let entries = self.read();
        let token = entries.tokens.get(secret_sha256)?;
        (!token.has_ended(now)).then(|| token.clone())
    }

    /// Whether a token has neither ended nor been revoked.
    pub fn holds(&self, token: &TokenEntry, now: DateTime<Utc>) -> bool {
        !token.has_ended(now) && self.read().secrets.contains_key(&token.id)
    }

    /// Who acts with a token.
    pub fn actor(&self, token: &TokenEntry) -> Actor {
        let teams = self.read().teams_of.get(&token.name).cloned();
        Actor {
            id: token.name.clone(),
            role: token.role,
            teams: teams.unwrap_or_default(),
        }
    }

    /// Whether there is any token at all.
    pub fn has_tokens(&self) -> bool {
        !self.read().tokens.is_empty()
    }

    /// The team with this identity.
    pub fn team(&self, id: TeamId) -> Option<TeamEntry> {
        self.read().teams.get(&id).cloned()
    }

    /// The support lines of these teams.
    pub fn lines(&self, teams: &[TeamId]) -> Vec<SupportLine> {
        let entries = self.read();
        let teams = teams.iter().filter_map(|team| entries.teams.get(team));
        teams.map(|team| team.line).collect()
    }

    /// Every team, by its code.
    pub fn teams(&self) -> Vec<TeamEntry> {
        let mut teams: Vec<_> = self.read().teams.values().cloned().collect();
        teams.sort_by(|a, b| a.code.cmp(&b.code));
        teams
    }

    /// The teams that work no longer.
    pub fn closed_teams(&self) -> Arc<BTreeSet<TeamId>> {
        Arc::clone(&self.read().closed_teams)
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Entries> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Entries> {
        self.entries.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn apply(&mut self, event: &RecordedEvent) {
        let taken = match &*event.aggregate_type {
            "team" => serde_json::from_str(&event.payload).map(|e| self.apply_team(event, &e)),
            _ => serde_json::from_str(&event.payload).map(|e| self.apply_token(event, e)),
        };
        if let Err(error) = taken {
            tracing::error!(%error, position = event.position, "the directory cannot read an event");
        }
    }

    fn apply_team(&mut self, recorded: &RecordedEvent, event: &TeamEvent) {
        let id = TeamId(recorded.aggregate_id);
        let mut team = self.teams.remove(&id);
        TeamEntry::apply(&mut team, recorded, event);
        let Some(team) = team else { return };
        match event {
            TeamEvent::TeamDeactivated {} => {
                Arc::make_mut(&mut self.closed_teams).insert(id);
            }
            TeamEvent::TeamReactivated {} => {
                Arc::make_mut(&mut self.closed_teams).remove(&id);
            }
            _ => {}
        }
        self.teams.insert(id, team);
        match event {
            TeamEvent::MemberAdded { person, .. } => {
                self.teams_of.entry(person.clone()).or_default().push(id);
            }
            TeamEvent::MemberRemoved { person } => {
                if let Some(teams) = self.teams_of.get_mut(person) {
                    teams.retain(|team| *team != id);
                }
            }
            _ => {}
        }
    }

    fn apply_token(&mut self, recorded: &RecordedEvent, event: TokenEvent) {
        let id = TokenId(recorded.aggregate_id);
        match event {
            TokenEvent::TokenIssued {
                name,
                role,
                secret_sha256,
                expires_at,
            } => {
                self.secrets.insert(id, secret_sha256.clone());
                self.tokens.insert(
                    secret_sha256,
                    TokenEntry {
                        id,
                        name,
                        role,
                        expires_at,
                    },
                );
            }
            TokenEvent::TokenRevoked {} => {
                if let Some(secret) = self.secrets.remove(&id) {
                    self.tokens.remove(&secret);
                }
            }
        }
    }
}
