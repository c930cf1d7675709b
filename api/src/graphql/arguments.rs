//! What every argument of every request is held to, whoever reads it: texts
//! without NUL, which PostgreSQL cannot store, times of the desk's calendar,
//! and whole numbers that their scalars can carry.
//!
//! It is checked at one place, before anything of a document is carried out,
//! by what the schema says of each argument and input field: so that no
//! resolver can forget it, and the refusal names the field.

use std::collections::HashMap;
use std::sync::LazyLock;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, ExecutableDocument, FieldDefinition, InputValueDefinition, OperationType, Selection,
    Type, TypeDefinition, TypeKind, TypeSystemDefinition,
};
use async_graphql::{
    ErrorExtensionValues, Number, Pos, Positioned, Request, ServerError, ServerResult, Variables,
};
use async_graphql_value::Value;
use chrono::{DateTime, Datelike, Utc};
use domain::Refusal;
use domain::text::TextRefused;

use super::schema::sdl;
use crate::error::code;

/// The years that a time may be of.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=9999;

/// Refuses a request with an argument that no resolver is to be shown. What
/// cannot be parsed is left to the schema to refuse.
pub(super) fn check(request: &mut Request) -> ServerResult<()> {
    // The parser looks at the text, the check also at the variables.
    let variables = std::mem::take(&mut request.variables);
    let checked = match request.parsed_query() {
        Ok(document) => check_document(document, &variables),
        Err(_) => Ok(()),
    };
    request.variables = variables;
    checked
}

/// The inputs of the schema.
static INPUTS: LazyLock<Inputs> = LazyLock::new(Inputs::read);

/// What the schema says of its inputs.
#[derive(Default)]
struct Inputs {
    /// The fields of each object and interface.
    outputs: HashMap<String, HashMap<String, Output>>,
    /// The fields of each input object, with their types.
    objects: HashMap<String, HashMap<String, Type>>,
}

/// A field that can be asked for.
struct Output {
    arguments: HashMap<String, Type>,
    /// The name of the type that it has, whatever lists it stands in.
    of: String,
}

impl Inputs {
    #[expect(
        clippy::expect_used,
        reason = "what the schema writes of itself is no input, and a test reads it"
    )]
    fn read() -> Self {
        let document = parse_schema(sdl()).expect("the schema is written in its own language");
        let mut inputs = Self::default();
        for definition in document.definitions {
            if let TypeSystemDefinition::Type(definition) = definition {
                inputs.add(definition.node);
            }
        }
        inputs
    }

    fn add(&mut self, definition: TypeDefinition) {
        let name = definition.name.node.to_string();
        match definition.kind {
            TypeKind::Object(object) => {
                self.outputs.insert(name, outputs(object.fields));
            }
            TypeKind::Interface(interface) => {
                self.outputs.insert(name, outputs(interface.fields));
            }
            TypeKind::InputObject(object) => {
                self.objects.insert(name, typed(object.fields));
            }
            TypeKind::Scalar | TypeKind::Union(_) | TypeKind::Enum(_) => {}
        }
    }
}

fn outputs(fields: Vec<Positioned<FieldDefinition>>) -> HashMap<String, Output> {
    let output = |field: FieldDefinition| Output {
        arguments: typed(field.arguments),
        of: named(&field.ty.node.base).to_owned(),
    };
    fields
        .into_iter()
        .map(|field| (field.node.name.node.to_string(), output(field.node)))
        .collect()
}

fn typed(values: Vec<Positioned<InputValueDefinition>>) -> HashMap<String, Type> {
    values
        .into_iter()
        .map(|value| (value.node.name.node.to_string(), value.node.ty.node))
        .collect()
}

fn named(base: &BaseType) -> &str {
    match base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => named(&inner.base),
    }
}

/// A value that no resolver is shown.
#[derive(Debug, Clone)]
struct Fault {
    code: String,
    /// What is wrong with it, to be read after the field's name.
    problem: String,
    /// Where it stands, innermost first.
    path: Vec<String>,
}

impl Fault {
    fn new(code: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            problem: problem.into(),
            path: Vec::new(),
        }
    }

    fn within(mut self, field: &str) -> Self {
        self.path.push(field.to_owned());
        self
    }

    /// The refusal. The field is named as resolvers name it: `input` and
    /// `filter` are left out where a field in them is meant.
    fn refusal(mut self, at: Pos) -> ServerError {
        if self.path.len() > 1
            && self
                .path
                .last()
                .is_some_and(|name| name == "input" || name == "filter")
        {
            self.path.pop();
        }
        self.path.reverse();
        let field = self.path.join(".");
        let mut error = ServerError::new(format!("{field} {}", self.problem), Some(at));
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", self.code);
        extensions.set("field", field);
        error.extensions = Some(extensions);
        error
    }
}

/// Checks every argument of a document. Each fragment and each variable is
/// looked at once for what it is used as, however often it is used.
fn check_document(document: &ExecutableDocument, variables: &Variables) -> ServerResult<()> {
    let mut check = Check::new(document, variables);
    let operations = document.operations.iter().map(|(_, operation)| {
        let root = match operation.node.ty {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        (&operation.node.selection_set.node, root)
    });
    let fragments = document.fragments.values().map(|fragment| {
        let fragment = &fragment.node;
        (
            &fragment.selection_set.node,
            &*fragment.type_condition.node.on.node,
        )
    });
    let mut open: Vec<_> = operations.chain(fragments).collect();
    while let Some((selection_set, of)) = open.pop() {
        for selection in &selection_set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let name = &*field.node.name.node;
                    let Some(output) = INPUTS.outputs.get(of).and_then(|type_| type_.get(name))
                    else {
                        continue;
                    };
                    for (name, value) in &field.node.arguments {
                        if let Some(type_) = output.arguments.get(&*name.node)
                            && let Some(fault) = check.fault(type_, &value.node)
                        {
                            return Err(fault.within(&name.node).refusal(value.pos));
                        }
                    }
                    open.push((&field.node.selection_set.node, &*output.of));
                }
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref();
                    let of = on.map_or(of, |on| &*on.node.on.node);
                    open.push((&fragment.node.selection_set.node, of));
                }
                // Every fragment is looked at by itself.
                Selection::FragmentSpread(_) => {}
            }
        }
    }
    Ok(())
}

/// What is looked up and known while a document is checked.
struct Check {
    variables: HashMap<String, Value>,
    /// What is wrong with a variable as a value of a type.
    known: HashMap<(String, String), Option<Fault>>,
}

impl Check {
    fn new(document: &ExecutableDocument, variables: &Variables) -> Self {
        let mut values = HashMap::new();
        for (_, operation) in document.operations.iter() {
            for variable in &operation.node.variable_definitions {
                let name = &variable.node.name.node;
                let default = variable.node.default_value.as_ref();
                let value = variables.get(name).or(default.map(|value| &value.node));
                if let Some(value) = value {
                    values.insert(name.to_string(), value.clone().into_value());
                }
            }
        }
        Self {
            variables: values,
            known: HashMap::new(),
        }
    }

    /// What is wrong with a value; nothing of what the validation against the
    /// schema finds. It goes as deep as the type does.
    fn fault(&mut self, type_: &Type, value: &Value) -> Option<Fault> {
        match (&type_.base, value) {
            (_, Value::Variable(name)) => {
                let key = (name.to_string(), type_.to_string());
                if let Some(known) = self.known.get(&key) {
                    return known.clone();
                }
                let value = self.variables.remove(&key.0)?;
                let fault = self.fault(type_, &value);
                self.variables.insert(key.0.clone(), value);
                self.known.insert(key, fault.clone());
                fault
            }
            (BaseType::List(inner), Value::List(items)) => {
                items.iter().find_map(|item| self.fault(inner, item))
            }
            (BaseType::List(inner), item) => self.fault(inner, item),
            (BaseType::Named(name), Value::Object(fields)) => {
                let object = INPUTS.objects.get(&**name)?;
                fields.iter().find_map(|(name, value)| {
                    let fault = self.fault(object.get(&**name)?, value)?;
                    Some(fault.within(name))
                })
            }
            (BaseType::Named(name), value) => scalar(name, value),
        }
    }
}

/// What is wrong with the value of a scalar.
fn scalar(name: &str, value: &Value) -> Option<Fault> {
    match (name, value) {
        ("String" | "ID", Value::String(text)) => text.contains('\0').then(|| {
            let refusal = TextRefused::ControlCharacter { code: 0 };
            Fault::new(refusal.code(), refusal.to_string())
        }),
        ("DateTime", Value::String(text)) => {
            let time = text.parse::<DateTime<Utc>>().ok();
            let is_known = time.is_some_and(|time| YEARS.contains(&time.year()));
            (!is_known).then(|| {
                let (first, last) = (YEARS.start(), YEARS.end());
                let problem = format!("must be a time of RFC 3339 in the years {first} to {last}");
                Fault::new(code::INPUT_INVALID, problem)
            })
        }
        ("Int", Value::Number(number)) => whole(number, i32::MIN.into(), i32::MAX.into()),
        ("Long", Value::Number(number)) => whole(number, i64::MIN, i64::MAX),
        _ => None,
    }
}

/// Whether a number lies outside of what a scalar can carry; one that is not
/// whole is of another type, which the validation says.
fn whole(number: &Number, least: i64, most: i64) -> Option<Fault> {
    let is_within = match (number.as_i64(), number.as_f64()) {
        (Some(whole), _) => (least..=most).contains(&whole),
        (None, Some(number)) => number.fract() != 0.0,
        (None, None) => false,
    };
    (!is_within).then(|| {
        let problem = format!("must be a whole number from {least} to {most}");
        Fault::new(code::INPUT_INVALID, problem)
    })
}

#[cfg(test)]
mod tests {
    use super::INPUTS;

    #[test]
    fn the_schema_reads_what_it_writes_of_itself() {
        assert!(
            INPUTS.outputs["Query"]["incidents"]
                .arguments
                .contains_key("filter")
        );
        assert_eq!(INPUTS.outputs["Incident"]["team"].of, "AssignedTeam");
        assert!(INPUTS.objects["TeamFoundInput"].contains_key("clientMutationId"));
        assert!(INPUTS.objects["WorkItemFilterInput"].contains_key("opened"));
    }
}
