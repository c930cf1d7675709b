//! Requests that are meant to stop or to starve the service, each with what it
//! must be refused with. One list for those who test and those who measure.

use std::fmt::Write;

use serde_json::{Value, json};

/// A document that is over a limit.
#[derive(Debug, Clone)]
pub struct HostileDocument {
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
    fn new(name: &'static str, query: impl Into<String>, because: &'static str) -> Self {
        Self {
            name,
            query: query.into(),
            variables: json!({}),
            code: "GRAPHQL_VALIDATION_FAILED",
            because,
        }
    }
}

/// Fragments of which each spreads the next, so many times, over a selection.
fn chain(fragments: usize, times: usize, end: &str) -> String {
    let mut text = String::new();
    for number in 0..fragments {
        let next = format!("...F{} ", number + 1).repeat(times);
        // Writing to a string cannot fail.
        let _ = write!(text, " fragment F{number} on Query {{ {next}}}");
    }
    let _ = write!(text, " fragment F{fragments} on Query {{ {end} }}");
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
            chain(fragments, 1, "__typename")
        )
    };
    let cycle = "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }";
    let unspread = format!("{{ __typename }}{}", chain(60, 1, "__typename"));
    let roots = numbered(200, |n| format!("a{n}: __typename"));
    vec![
        HostileDocument::new("6,000 fragments in a chain", unknown(6_000), "tokens"),
        HostileDocument::new(
            "500 fragments in a chain",
            unknown(500),
            "fragments, this one",
        ),
        HostileDocument::new(
            "a chain of 150 fragments",
            unknown(150),
            "nested at most 32",
        ),
        HostileDocument::new(
            "a chain that nothing spreads",
            unspread,
            "nested at most 32",
        ),
        HostileDocument::new("a fragment that spreads itself", cycle, "spreads itself"),
        HostileDocument::new(
            "28 fragments, each spread twice",
            format!("{{ ...F0 }}{}", chain(28, 2, "__typename")),
            "at most 20000 selections",
        ),
        HostileDocument::new(
            "12 fragments, each spread 40 times, behind an unknown one",
            format!("{{ ...Unknown ...F0 }}{}", chain(12, 40, "__typename")),
            "at most 20000 selections",
        ),
        HostileDocument::new(
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
            "a document of a megabyte",
            format!("{{ __typename }} # {}", "x".repeat(900 * 1024)),
            "bytes",
        ),
        HostileDocument::new(
            "50,000 fields",
            format!("{{ {}}}", "id ".repeat(50_000)),
            "tokens",
        ),
        HostileDocument::new("100,000 lists within lists", lists, "brackets"),
        HostileDocument::new(
            "3,000 objects within objects",
            format!("{{ a(b: {}{}) }}", "{c:".repeat(3_000), "}".repeat(3_000)),
            "brackets",
        ),
        HostileDocument::new(
            "3,000 fields within fields",
            nested("{ a _ }", 3_000, ""),
            "brackets",
        ),
        HostileDocument::new(
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
            "100,000 directives on one field",
            format!("{{ __typename {} }}", "@a".repeat(100_000)),
            "tokens",
        ),
        HostileDocument::new(
            "five directives at one place",
            format!("{{ __typename {} }}", "@skip(if: false) ".repeat(5)),
            "at most 4 directives",
        ),
        HostileDocument::new(
            "a directive twice",
            "{ __typename @skip(if: false) @skip(if: false) }",
            "@skip stands here twice",
        ),
        HostileDocument::new(
            "a directive without its argument",
            "{ __typename @include }",
            "takes one argument",
        ),
        HostileDocument::new("unknown on __typename", "{ __typename @unknown }", unknown),
        HostileDocument::new(
            "unknown on a field",
            "{ viewer @unknown { name } }",
            unknown,
        ),
        HostileDocument::new(
            "unknown on a query",
            "query @unknown { __typename }",
            unknown,
        ),
        HostileDocument::new(
            "unknown on a variable",
            "query($a: Boolean! @unknown) { viewer { name @skip(if: $a) } }",
            unknown,
        ),
        HostileDocument::new(
            "unknown on a spread",
            "{ ...A @unknown } fragment A on Query { __typename }",
            unknown,
        ),
        HostileDocument::new(
            "unknown on a fragment",
            "{ ...A } fragment A on Query @unknown { __typename }",
            unknown,
        ),
        HostileDocument::new(
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
            "1,000 fields at the root",
            format!("{{ {}}}", numbered(1_000, |n| format!("a{n}: __typename"))),
            "at most 100 fields at its root",
        ),
        HostileDocument::new(
            "pages of pages",
            format!("{{ {}}}", numbered(99, |n| format!("a{n}: {page}"))),
            "too complex",
        ),
        HostileDocument::new(
            "pages of more than there are numbers for",
            "{ workItems(first: 2147483647) { nodes { ... on Incident { history(first: 2147483647) \
             { nodes { position id } } comments(first: 2147483647) { nodes { text } } } } } }",
            "too complex",
        ),
        HostileDocument::new(
            "20 fields within each other",
            format!(
                "{{ __schema {{ types {} }} }}",
                nested("{ ofType _ }", 20, "{ name }")
            ),
            "too deep",
        ),
        HostileDocument::new(
            "the schema within the schema",
            format!("{{ __schema {{ types {schema} }} }}"),
            "values of introspection",
        ),
        HostileDocument::new(
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
            "a list of 20,000 values, put in 90 times",
            format!("query($ids: [ID!]!) {{ {uses}}}"),
            "values of arguments",
        )
    }]
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
