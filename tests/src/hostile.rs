//! Requests that are meant to stop or to starve the service, each with what it
//! must be refused with. One list for those who test and those who measure.

use std::fmt::Write;

use serde_json::{Value, json};

/// A document that is over a limit.
#[derive(Debug, Clone)]
pub struct HostileDocument {
    /// The kind of case that it belongs to.
    pub case: &'static str,
    /// What is hostile about it.
    pub name: &'static str,
    /// The document.
    pub query: String,
    /// Its variables.
    pub variables: Value,
    /// The code that it is refused with.
    pub code: &'static str,
    /// What stands in the refusal and in no refusal by another limit.
    pub because: &'static str,
}

impl HostileDocument {
    fn new(
        case: &'static str,
        name: &'static str,
        query: impl Into<String>,
        because: &'static str,
    ) -> Self {
        Self {
            case,
            name,
            query: query.into(),
            variables: json!({}),
            code: "GRAPHQL_VALIDATION_FAILED",
            because,
        }
    }
}

/// A frame that a client sends.
#[derive(Debug, Clone)]
pub enum Frame {
    /// `connection_init` with a valid token.
    Init,
    /// A text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
}

/// A client of the socket that does not keep to the protocol.
#[derive(Debug, Clone)]
pub struct HostileClient {
    /// What is hostile about it.
    pub name: &'static str,
    /// What it sends.
    pub frames: Vec<Frame>,
    /// The code that the socket is closed with.
    pub close: u16,
}

/// How many bytes a body has that is too large: the kind S6 of the cases.
pub const OVERSIZED_BODY: usize = 20 * 1024 * 1024;

/// Fragments on a type of which each spreads the next, so many times, over a
/// selection.
fn chain(fragments: usize, times: usize, on: &str, end: &str) -> String {
    let mut text = String::new();
    for number in 0..fragments {
        let next = format!("...F{} ", number + 1).repeat(times);
        // Writing to a string cannot fail.
        let _ = write!(text, " fragment F{number} on {on} {{ {next}}}");
    }
    let _ = write!(text, " fragment F{fragments} on {on} {{ {end} }}");
    text
}

fn numbered(count: usize, each: impl Fn(usize) -> String) -> String {
    (0..count).map(|number| each(number) + " ").collect()
}

/// Fields within fields, by a pattern with the rest in the place of `_`.
fn nested(pattern: &str, times: usize, end: &str) -> String {
    (0..times).fold(end.to_owned(), |inner, _| pattern.replace('_', &inner))
}

/// Every document that is over a limit: the kinds S1 to S4 of the cases.
pub fn documents() -> Vec<HostileDocument> {
    let mut all = Vec::new();
    all.extend(by_fragments());
    all.extend(by_text());
    all.extend(by_directives());
    all.extend(by_selections());
    all.extend(by_arguments());
    all
}

fn by_fragments() -> Vec<HostileDocument> {
    let unknown = |fragments| {
        format!(
            "{{ ...Unknown ...F0 }}{}",
            chain(fragments, 1, "Query", "__typename")
        )
    };
    let cycle = "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }";
    let unspread = format!("{{ __typename }}{}", chain(60, 1, "Query", "__typename"));
    let roots = numbered(200, |n| format!("a{n}: __typename"));
    vec![
        HostileDocument::new("S1", "6,000 fragments in a chain", unknown(6_000), "tokens"),
        HostileDocument::new(
            "S1",
            "500 fragments in a chain",
            unknown(500),
            "fragments, this one",
        ),
        HostileDocument::new(
            "S1",
            "a chain of 150 fragments",
            unknown(150),
            "nested at most 32",
        ),
        HostileDocument::new(
            "S1",
            "a chain that nothing spreads",
            unspread,
            "nested at most 32",
        ),
        HostileDocument::new(
            "S1",
            "a fragment that spreads itself",
            cycle,
            "spreads itself",
        ),
        HostileDocument::new(
            "S2",
            "28 fragments, each spread twice",
            format!(
                "{{ viewer {{ ...F0 }} }}{}",
                chain(28, 2, "Viewer", "__typename")
            ),
            "at most 20000 selections",
        ),
        HostileDocument::new(
            "S2",
            "12 fragments, each spread 40 times, behind an unknown one",
            format!(
                "{{ viewer {{ ...Unknown ...F0 }} }}{}",
                chain(12, 40, "Viewer", "name")
            ),
            "at most 20000 selections",
        ),
        HostileDocument::new(
            "S4",
            "200 fields at the root, out of a fragment",
            format!("{{ ...R }} fragment R on Query {{ {roots}}}"),
            "at most 100 fields at its root",
        ),
    ]
}

fn by_text() -> Vec<HostileDocument> {
    let lists = format!(
        "{{ node(id: {}{}) {{ id }} }}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    vec![
        HostileDocument::new(
            "S1",
            "a document of a megabyte",
            format!("{{ __typename }} # {}", "x".repeat(900 * 1024)),
            "bytes",
        ),
        HostileDocument::new(
            "S1",
            "50,000 fields",
            format!("{{ {}}}", "id ".repeat(50_000)),
            "tokens",
        ),
        HostileDocument::new("S1", "100,000 lists within lists", lists, "brackets"),
        HostileDocument::new(
            "S1",
            "3,000 objects within objects",
            format!("{{ a(b: {}{}) }}", "{c:".repeat(3_000), "}".repeat(3_000)),
            "brackets",
        ),
        HostileDocument::new(
            "S1",
            "3,000 fields within fields",
            nested("{ a _ }", 3_000, ""),
            "brackets",
        ),
        HostileDocument::new(
            "S1",
            "a type of 3,000 lists",
            format!(
                "query($a: {}Int{}) {{ a }}",
                "[".repeat(3_000),
                "]".repeat(3_000)
            ),
            "brackets",
        ),
        HostileDocument {
            code: "GRAPHQL_PARSE_FAILED",
            ..HostileDocument::new(
                "S1",
                "brackets within what may be a string or three",
                format!("{{ a(b: [\"\"\"abc\" {}", "[".repeat(5_000)),
                "not closed",
            )
        },
    ]
}

fn by_directives() -> Vec<HostileDocument> {
    let unknown = "@unknown is not known here";
    vec![
        HostileDocument::new(
            "S3",
            "100,000 directives on one field",
            format!("{{ __typename {} }}", "@a".repeat(100_000)),
            "tokens",
        ),
        HostileDocument::new(
            "S3",
            "five directives at one place",
            format!("{{ __typename {} }}", "@skip(if: false) ".repeat(5)),
            "at most 4 directives",
        ),
        HostileDocument::new(
            "S3",
            "a directive twice",
            "{ __typename @skip(if: false) @skip(if: false) }",
            "@skip stands here twice",
        ),
        HostileDocument::new(
            "S3",
            "a directive without its argument",
            "{ __typename @include }",
            "takes one argument",
        ),
        HostileDocument::new(
            "S3",
            "unknown on __typename",
            "{ __typename @unknown }",
            unknown,
        ),
        HostileDocument::new(
            "S3",
            "unknown on a field",
            "{ viewer @unknown { name } }",
            unknown,
        ),
        HostileDocument::new(
            "S3",
            "unknown on a query",
            "query @unknown { __typename }",
            unknown,
        ),
        HostileDocument::new(
            "S3",
            "unknown on a variable",
            "query($a: Boolean! @unknown) { viewer { name @skip(if: $a) } }",
            unknown,
        ),
        HostileDocument::new(
            "S3",
            "unknown on a spread",
            "{ ...A @unknown } fragment A on Query { __typename }",
            unknown,
        ),
        HostileDocument::new(
            "S3",
            "unknown on a fragment",
            "{ ...A } fragment A on Query @unknown { __typename }",
            unknown,
        ),
        HostileDocument::new(
            "S3",
            "unknown on an inline fragment",
            "{ ... @unknown { __typename } }",
            unknown,
        ),
    ]
}

fn by_selections() -> Vec<HostileDocument> {
    let page = "workItems(first: 100) { nodes { id number summary status } }";
    let schema = nested("{ fields { type _ } }", 5, "{ name }");
    vec![
        HostileDocument::new(
            "S4",
            "1,000 fields at the root",
            format!("{{ {}}}", numbered(1_000, |n| format!("a{n}: __typename"))),
            "at most 100 fields at its root",
        ),
        HostileDocument::new(
            "S2",
            "pages of pages",
            format!("{{ {}}}", numbered(99, |n| format!("a{n}: {page}"))),
            "too complex",
        ),
        HostileDocument::new(
            "S2",
            "pages of more than there are numbers for",
            "{ workItems(first: 2147483647) { nodes { ... on Incident { history(first: 2147483647) \
             { nodes { position id } } comments(first: 2147483647) { nodes { text } } } } } }",
            "too complex",
        ),
        HostileDocument::new(
            "S2",
            "20 fields within each other",
            format!(
                "{{ __schema {{ types {} }} }}",
                nested("{ ofType _ }", 20, "{ name }")
            ),
            "too deep",
        ),
        HostileDocument::new(
            "S2",
            "the schema within the schema",
            format!("{{ __schema {{ types {schema} }} }}"),
            "values of introspection",
        ),
        HostileDocument::new(
            "S2",
            "the schema a hundred times",
            format!(
                "{{ __schema {{ {}}} }}",
                numbered(300, |n| format!("a{n}: types {{ fields {{ name }} }}"))
            ),
            "values of introspection",
        ),
    ]
}

fn by_arguments() -> Vec<HostileDocument> {
    let ids = vec![json!("x"); 20_000];
    let uses = numbered(90, |n| format!("a{n}: nodes(ids: $ids) {{ id }}"));
    vec![HostileDocument {
        variables: json!({ "ids": ids }),
        ..HostileDocument::new(
            "S2",
            "a list of 20,000 values, put in 90 times",
            format!("query($ids: [ID!]!) {{ {uses}}}"),
            "values of arguments",
        )
    }]
}

/// Every client that the socket is closed to: the kind S5 of the cases.
pub fn clients() -> Vec<HostileClient> {
    let client = |name, frames, close| HostileClient {
        name,
        frames,
        close,
    };
    let text = |value: Value| Frame::Text(value.to_string());
    let subscribe = |id: &str| {
        let payload = json!({ "query": "subscription { events { position } }" });
        text(json!({ "type": "subscribe", "id": id, "payload": payload }))
    };
    let init = |payload: Value| text(json!({ "type": "connection_init", "payload": payload }));
    let long = "长".repeat(10_000);
    vec![
        client(
            "no message",
            vec![Frame::Init, Frame::Text("nonsense".to_owned())],
            4400,
        ),
        client(
            "no message at first",
            vec![Frame::Text(String::new())],
            4400,
        ),
        client(
            "bytes",
            vec![Frame::Init, Frame::Binary(vec![0; 1000])],
            4400,
        ),
        client(
            "a message of another protocol",
            vec![
                Frame::Init,
                text(json!({ "type": "start", "id": "1", "payload": {} })),
            ],
            4400,
        ),
        client(
            "a request that is none",
            vec![
                Frame::Init,
                text(json!({ "type": "subscribe", "id": "1", "payload": { "query": 1 } })),
            ],
            4400,
        ),
        client(
            "asks before it has shown a token",
            vec![subscribe("1")],
            4401,
        ),
        client("no token", vec![init(json!({}))], 4403),
        client(
            "a wrong token",
            vec![init(json!({ "Authorization": "Bearer docket_0000" }))],
            4403,
        ),
        client(
            "an id used twice",
            vec![Frame::Init, subscribe("1"), subscribe("1")],
            4409,
        ),
        client(
            "a long id used twice",
            vec![Frame::Init, subscribe(&long), subscribe(&long)],
            4409,
        ),
        client("a token shown twice", vec![Frame::Init, Frame::Init], 4429),
    ]
}

/// The standard query for the whole schema, as tools send it: not hostile.
pub fn introspection() -> String {
    let of_type = nested("{ kind name ofType _ }", 9, "{ kind name }");
    format!(
        "query IntrospectionQuery {{ __schema {{ description queryType {{ name kind }} mutationType {{ name kind }} \
         subscriptionType {{ name kind }} types {{ ...FullType }} directives {{ name description isRepeatable locations \
         args(includeDeprecated: true) {{ ...InputValue }} }} }} }} \
         fragment FullType on __Type {{ kind name description specifiedByURL isOneOf \
         fields(includeDeprecated: true) {{ name description args(includeDeprecated: true) {{ ...InputValue }} \
         type {{ ...TypeRef }} isDeprecated deprecationReason }} \
         inputFields(includeDeprecated: true) {{ ...InputValue }} interfaces {{ ...TypeRef }} \
         enumValues(includeDeprecated: true) {{ name description isDeprecated deprecationReason }} \
         possibleTypes {{ ...TypeRef }} }} \
         fragment InputValue on __InputValue {{ name description type {{ ...TypeRef }} defaultValue isDeprecated deprecationReason }} \
         fragment TypeRef on __Type {of_type}"
    )
}
