//! The schema as the desk describes it to whoever asks, for tests that go over
//! all of it: each argument and input field, with a document that fills it in.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::{Map, Value, json};

use crate::Person;

const INTROSPECTION: &str = "{ __schema {
    types { kind name description
        fields(includeDeprecated: true) { name description type { ...Of }
            args { name description defaultValue type { ...Of } } }
        inputFields { name description defaultValue type { ...Of } }
        enumValues(includeDeprecated: true) { name description }
        possibleTypes { name } }
    directives { name description args { name description } } } }
fragment Of on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } }";

/// The schema as the desk describes it.
pub struct Schema {
    types: HashMap<String, Value>,
    /// Everything, as it was answered.
    pub answer: Value,
    /// What is given for an id, by the name of the argument; under the empty
    /// name what is given for any other.
    pub ids: HashMap<String, String>,
}

/// An argument or input field, and how to ask with a value in it.
#[derive(Debug, Clone)]
pub struct Input {
    /// `Query`, `Mutation` or `Subscription`.
    pub root: String,
    /// The root field through which it is reached.
    pub root_field: String,
    /// Where it stands, for people: `Query.incidents(filter.text)`.
    pub place: String,
    /// What refusals call it.
    pub field: String,
    /// The name of its type.
    pub of: String,
    document: String,
    variables: Map<String, Value>,
    /// The variable, and the way to the value in it.
    pointer: Vec<String>,
    /// Whether it is a list.
    is_list: bool,
}

impl Input {
    /// The document and the variables that ask with this value.
    pub fn with(&self, value: Value) -> (String, Value) {
        let mut variables = Value::Object(self.variables.clone());
        let mut place = &mut variables;
        for name in &self.pointer {
            place = match name.parse::<usize>() {
                Ok(number) => &mut place[number],
                Err(_) => &mut place[name.as_str()],
            };
        }
        *place = if self.is_list { json!([value]) } else { value };
        (self.document.clone(), variables)
    }
}

impl Schema {
    /// Asks the desk.
    pub async fn of(person: &Person) -> Self {
        let answer = person.data(INTROSPECTION, json!({})).await["__schema"].clone();
        let types = answer["types"].as_array().expect("types");
        let named = types.iter().map(|one| (text(&one["name"]), one.clone()));
        Self {
            types: named.collect(),
            ids: HashMap::new(),
            answer,
        }
    }

    /// The names of a root's fields.
    pub fn root_fields(&self, root: &str) -> Vec<String> {
        list(&self.types[root]["fields"])
            .iter()
            .map(|field| text(&field["name"]))
            .collect()
    }

    /// A document that asks for a root field with whatever it must be given,
    /// and its variables.
    pub fn sample(&self, root: &str, field: &str) -> (String, Value) {
        let field = self.field(root, field);
        let mut variables = Map::new();
        for argument in required(&field["args"]) {
            let name = text(&argument["name"]);
            variables.insert(name.clone(), self.value(&name, &argument["type"]));
        }
        let document = self.document(root, &[Step::of(root, field)], field, &variables);
        (document, Value::Object(variables))
    }

    /// Every argument and input field that a document can fill in: those of
    /// the root fields, and those of the fields beneath them.
    pub fn inputs(&self) -> Vec<Input> {
        let mut inputs = Vec::new();
        for (of, path) in self.ways() {
            for field in list(&self.types[&of]["fields"]) {
                let mut path = path.clone();
                path.push(Step::of(&of, field));
                for argument in list(&field["args"]) {
                    self.push_inputs(&path, field, argument, &mut inputs);
                }
            }
        }
        inputs
    }

    /// A way to each type that has fields, from the roots on.
    fn ways(&self) -> Vec<(String, Vec<Step>)> {
        let mut open: VecDeque<(String, Vec<Step>)> = ["Query", "Mutation", "Subscription"]
            .map(|root| (root.to_owned(), Vec::new()))
            .into();
        let mut seen: HashSet<String> = HashSet::new();
        let mut ways = Vec::new();
        while let Some((of, path)) = open.pop_front() {
            if !seen.insert(of.clone()) || of.starts_with("__") {
                continue;
            }
            for field in list(&self.types[&of]["fields"]) {
                let mut path = path.clone();
                path.push(Step::of(&of, field));
                let target = named(&field["type"]);
                for possible in list(&self.types[&target]["possibleTypes"]) {
                    open.push_back((text(&possible["name"]), path.clone()));
                }
                open.push_back((target, path));
            }
            ways.push((of, path));
        }
        ways
    }

    fn push_inputs(&self, path: &[Step], field: &Value, argument: &Value, inputs: &mut Vec<Input>) {
        let name = text(&argument["name"]);
        let mut variables = Map::new();
        for other in required(&field["args"]) {
            let name = text(&other["name"]);
            variables.insert(name.clone(), self.value(&name, &other["type"]));
        }
        let mut open = vec![(
            vec![name.clone()],
            vec![name.clone()],
            argument["type"].clone(),
        )];
        while let Some((names, pointer, type_)) = open.pop() {
            let of = named(&type_);
            let is_list = is_list(&type_);
            let fields = list(&self.types[&of]["inputFields"]);
            for inner in fields {
                let inner_name = text(&inner["name"]);
                let (mut names, mut pointer) = (names.clone(), pointer.clone());
                if is_list {
                    pointer.push("0".to_owned());
                }
                names.push(inner_name.clone());
                pointer.push(inner_name);
                open.push((names, pointer, inner["type"].clone()));
            }
            if !fields.is_empty() {
                continue;
            }
            let mut variables = variables.clone();
            self.fill(&mut variables, &argument["type"], &pointer);
            let called = match names.split_first() {
                Some((first, rest))
                    if !rest.is_empty() && (first == "input" || first == "filter") =>
                {
                    rest.join(".")
                }
                _ => names.join("."),
            };
            let (root, root_field) = (path[0].of.clone(), path[0].field.clone());
            let last = &path[path.len() - 1];
            inputs.push(Input {
                document: self.document(&root, path, field, &variables),
                place: format!("{}.{}({})", last.of, last.field, names.join(".")),
                field: called,
                root,
                root_field,
                of,
                variables,
                pointer,
                is_list,
            });
        }
    }

    /// Puts a value with all that it must have around the place that a pointer
    /// leads to.
    fn fill(&self, variables: &mut Map<String, Value>, type_: &Value, pointer: &[String]) {
        let (first, rest) = pointer.split_first().expect("a variable");
        let mut value = self.value(first, type_);
        let (mut place, mut type_) = (&mut value, type_.clone());
        for name in rest {
            if name.parse::<usize>().is_ok() {
                if place.as_array().is_none_or(Vec::is_empty) {
                    *place = json!([self.value("", &item_of(&type_))]);
                }
                place = &mut place[0];
                continue;
            }
            let of = named(&type_);
            let fields = list(&self.types[&of]["inputFields"]);
            let field = fields.iter().find(|field| field["name"] == name.as_str());
            type_ = field.expect("the field")["type"].clone();
            if !place.is_object() {
                *place = json!({});
            }
            if is_one_of(&of) {
                *place = json!({});
            }
            let object = place.as_object_mut().expect("an object");
            let inner = self.value(name, &type_);
            place = object.entry(name.clone()).or_insert(inner);
        }
        variables.insert(first.clone(), value);
    }

    /// A value that an argument takes.
    fn value(&self, name: &str, type_: &Value) -> Value {
        if is_list(type_) {
            return json!([self.value(name, &item_of(type_))]);
        }
        let of = named(type_);
        match of.as_str() {
            "ID" => json!(
                self.ids
                    .get(name)
                    .or_else(|| self.ids.get(""))
                    .map_or("x", |id| id)
            ),
            "String" => json!("x"),
            "DateTime" => json!("2026-01-01T00:00:00Z"),
            "UUID" => json!("00000000-0000-4000-8000-000000000001"),
            "Int" | "Long" => json!(1),
            "Boolean" => json!(true),
            _ => {
                let described = &self.types[&of];
                if let Some(first) = list(&described["enumValues"]).first() {
                    return first["name"].clone();
                }
                let fields = list(&described["inputFields"]);
                let wanted: Vec<&Value> = if is_one_of(&of) {
                    fields.iter().take(1).collect()
                } else {
                    required(&described["inputFields"]).collect()
                };
                let fields = wanted.into_iter().map(|field| {
                    let name = text(&field["name"]);
                    let value = self.value(&name, &field["type"]);
                    (name, value)
                });
                Value::Object(fields.collect())
            }
        }
    }

    /// The document that asks for the last field of a path with variables for
    /// its arguments, and for the fields before it with whatever they must be
    /// given.
    fn document(
        &self,
        root: &str,
        path: &[Step],
        field: &Value,
        variables: &Map<String, Value>,
    ) -> String {
        let arguments = list(&field["args"]);
        let of = |name: &String| {
            let argument = arguments.iter().find(|one| one["name"] == name.as_str());
            written(&argument.expect("the argument")["type"])
        };
        let declared: Vec<String> = variables
            .keys()
            .map(|name| format!("${name}: {}", of(name)))
            .collect();
        let passed: Vec<String> = variables
            .keys()
            .map(|name| format!("{name}: ${name}"))
            .collect();
        let brackets = |inner: Vec<String>| {
            if inner.is_empty() {
                String::new()
            } else {
                format!("({})", inner.join(", "))
            }
        };
        let mut selection = String::new();
        for (place, step) in path.iter().enumerate().rev() {
            let described = self.field(&step.of, &step.field);
            let arguments = if place + 1 == path.len() {
                brackets(passed.clone())
            } else {
                brackets(
                    required(&described["args"])
                        .map(|one| {
                            let name = text(&one["name"]);
                            format!(
                                "{name}: {}",
                                literal(&self.value(&name, &one["type"]), &one["type"])
                            )
                        })
                        .collect(),
                )
            };
            let is_leaf = matches!(
                self.types[&named(&described["type"])]["kind"].as_str(),
                Some("SCALAR" | "ENUM")
            );
            let below = match (selection.is_empty(), is_leaf) {
                (true, true) => String::new(),
                (true, false) => " { __typename }".to_owned(),
                (false, _) => format!(" {{ {selection} }}"),
            };
            let asked = format!("{}{arguments}{below}", step.field);
            selection = match place {
                0 => asked,
                _ => format!("... on {} {{ {asked} }}", step.of),
            };
        }
        format!(
            "{}{} {{ {selection} }}",
            root.to_lowercase(),
            brackets(declared)
        )
    }

    fn field(&self, of: &str, name: &str) -> &Value {
        let fields = list(&self.types[of]["fields"]);
        let field = fields.iter().find(|field| field["name"] == name);
        field.unwrap_or_else(|| panic!("{of} has no field {name}"))
    }
}

/// A field on the way to another one.
#[derive(Debug, Clone)]
struct Step {
    of: String,
    field: String,
}

impl Step {
    fn of(of: &str, field: &Value) -> Self {
        Self {
            of: of.to_owned(),
            field: text(&field["name"]),
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// What must be given.
fn required(inputs: &Value) -> impl Iterator<Item = &Value> {
    list(inputs)
        .iter()
        .filter(|input| input["type"]["kind"] == "NON_NULL" && input["defaultValue"].is_null())
}

/// The name of a type, whatever lists it stands in.
fn named(type_: &Value) -> String {
    if type_["ofType"].is_object() {
        named(&type_["ofType"])
    } else {
        text(&type_["name"])
    }
}

fn is_list(type_: &Value) -> bool {
    match type_["kind"].as_str() {
        Some("LIST") => true,
        Some("NON_NULL") => is_list(&type_["ofType"]),
        _ => false,
    }
}

/// The type of what stands in a list.
fn item_of(type_: &Value) -> Value {
    match type_["kind"].as_str() {
        Some("LIST") => type_["ofType"].clone(),
        _ => item_of(&type_["ofType"]),
    }
}

/// A type as a document writes it.
fn written(type_: &Value) -> String {
    match type_["kind"].as_str() {
        Some("NON_NULL") => format!("{}!", written(&type_["ofType"])),
        Some("LIST") => format!("[{}]", written(&type_["ofType"])),
        _ => text(&type_["name"]),
    }
}

/// Introspection of today does not say of an input object that it takes one
/// field only.
fn is_one_of(name: &str) -> bool {
    name == "AsOfInput"
}

/// A value as a document writes it.
fn literal(value: &Value, type_: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(name, value)| format!("{name}: {}", literal(value, &Value::Null)));
            format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            let items = items.iter().map(|item| literal(item, &item_of(type_)));
            format!("[{}]", items.collect::<Vec<_>>().join(", "))
        }
        Value::String(name) if is_enum(type_) => name.clone(),
        other => other.to_string(),
    }
}

fn is_enum(type_: &Value) -> bool {
    type_["kind"] == "ENUM" || (type_["ofType"].is_object() && is_enum(&type_["ofType"]))
}
