//! What a document amounts to once its fragments are spread out, without
//! spreading them out: each fragment is measured once, and what it amounts to
//! is added wherever it is spread. Sums stay at the largest number there is
//! instead of beginning anew.

use std::collections::HashMap;

use async_graphql::parser::types::{
    Directive, ExecutableDocument, Field, OperationType, Selection, SelectionSet,
};
use async_graphql::{Name, Pos, Positioned, ServerError, Variables};
use async_graphql_value::{ConstValue, Value};

use super::{LIMITS, refusal};

/// The fields of introspection that answer with a list, and about how many
/// there are in it.
const LISTS_OF_THE_SCHEMA: [(&str, u64); 8] = [
    ("types", 250),
    ("fields", 10),
    ("args", 2),
    ("inputFields", 8),
    ("enumValues", 6),
    ("possibleTypes", 3),
    ("interfaces", 1),
    ("directives", 6),
];

/// What a set of selections amounts to.
#[derive(Debug, Clone, Copy, Default)]
struct Extent {
    /// The fields of the set itself, those that are spread into it included.
    fields: u64,
    /// All selections in it.
    selections: u64,
    /// The values of all arguments in it.
    values: u64,
    /// How many values it would answer with if it were of the schema.
    listed: u64,
    /// How many values introspection in it answers with.
    introspection: u64,
    /// How deep selections go within it.
    height: usize,
}

impl Extent {
    fn add(&mut self, other: Self) {
        self.fields = self.fields.saturating_add(other.fields);
        self.selections = self.selections.saturating_add(other.selections);
        self.values = self.values.saturating_add(other.values);
        self.listed = self.listed.saturating_add(other.listed);
        self.introspection = self.introspection.saturating_add(other.introspection);
        self.height = self.height.max(other.height);
    }
}

/// Refuses a document that is over a limit.
pub(super) fn check(
    document: &ExecutableDocument,
    variables: &Variables,
) -> Result<(), ServerError> {
    if document.fragments.len() > LIMITS.fragments {
        let message = format!(
            "a document has at most {} fragments, this one has {}",
            LIMITS.fragments,
            document.fragments.len()
        );
        return Err(refusal(message, None));
    }
    let mut measure = Measure {
        document,
        variables: weights(document, variables),
        fragments: HashMap::new(),
    };
    let mut whole = Extent::default();
    for (_, operation) in document.operations.iter() {
        let node = &operation.node;
        unknown_here(node.directives.first())?;
        for variable in &node.variable_definitions {
            unknown_here(variable.node.directives.first())?;
        }
        let extent = measure.set(&node.selection_set.node, 0)?;
        root_fields(node.ty, extent.fields, operation.pos)?;
        whole.add(extent);
    }
    // Validation walks fragments that nothing spreads, too.
    for (name, fragment) in &document.fragments {
        unknown_here(fragment.node.directives.first())?;
        whole.add(measure.fragment(name, 0, fragment.pos)?);
    }
    within(whole.selections, LIMITS.selections, "selections")?;
    within(whole.values, LIMITS.argument_values, "values of arguments")?;
    within(
        whole.introspection,
        LIMITS.introspection,
        "values of introspection in its answer",
    )
}

fn within(count: u64, most: u64, what: &str) -> Result<(), ServerError> {
    if count <= most {
        return Ok(());
    }
    let message =
        format!("a document has at most {most} {what}, what its fragments spread out to included");
    Err(refusal(message, None))
}

fn root_fields(operation: OperationType, fields: u64, at: Pos) -> Result<(), ServerError> {
    if operation == OperationType::Subscription && fields > 1 {
        let message = "a subscription has one field at its root";
        return Err(refusal(message, Some(at)));
    }
    if fields > LIMITS.root_fields {
        let message = format!(
            "an operation has at most {} fields at its root, this one has {fields}",
            LIMITS.root_fields
        );
        return Err(refusal(message, Some(at)));
    }
    Ok(())
}

/// The schema has directives for selections alone.
fn unknown_here(directive: Option<&Positioned<Directive>>) -> Result<(), ServerError> {
    match directive {
        None => Ok(()),
        Some(directive) => Err(not_known(directive)),
    }
}

fn not_known(directive: &Positioned<Directive>) -> ServerError {
    let name = &directive.node.name.node;
    let message = format!("the directive @{name} is not known here");
    refusal(message, Some(directive.pos))
}

/// Refuses directives of a selection that are too many, unknown or not as
/// they are declared.
fn directives(directives: &[Positioned<Directive>]) -> Result<(), ServerError> {
    if let Some(beyond) = directives.get(LIMITS.directives) {
        let message = format!(
            "there are at most {} directives at one place",
            LIMITS.directives
        );
        return Err(refusal(message, Some(beyond.pos)));
    }
    for (place, directive) in directives.iter().enumerate() {
        let name = &directive.node.name.node;
        if name != "skip" && name != "include" {
            return Err(not_known(directive));
        }
        let is_repeated = directives[..place]
            .iter()
            .any(|earlier| earlier.node.name.node == *name);
        if is_repeated {
            let message = format!("the directive @{name} stands here twice");
            return Err(refusal(message, Some(directive.pos)));
        }
        let condition = match &directive.node.arguments[..] {
            [(argument, value)] if argument.node == "if" => Some(&value.node),
            _ => None,
        };
        if !matches!(condition, Some(Value::Boolean(_) | Value::Variable(_))) {
            let message = format!("the directive @{name} takes one argument: if, true or false");
            return Err(refusal(message, Some(directive.pos)));
        }
    }
    Ok(())
}

/// How many values each variable puts in where it is used.
fn weights(document: &ExecutableDocument, variables: &Variables) -> HashMap<Name, u64> {
    let mut weights: HashMap<Name, u64> = variables
        .iter()
        .map(|(name, value)| (name.clone(), weight(value)))
        .collect();
    for (_, operation) in document.operations.iter() {
        for variable in &operation.node.variable_definitions {
            if let Some(default) = &variable.node.default_value {
                let weight = weight(&default.node);
                let known = weights.entry(variable.node.name.node.clone()).or_default();
                *known = weight.max(*known);
            }
        }
    }
    weights
}

/// How many values a value of a variable consists of.
fn weight(value: &ConstValue) -> u64 {
    match value {
        ConstValue::String(text) => text_weight(text),
        ConstValue::List(values) => sum(values.iter().map(weight)),
        ConstValue::Object(fields) => sum(fields.values().map(weight)),
        _ => 1,
    }
}

/// How many values a value of an argument consists of.
fn weight_with(value: &Value, variables: &HashMap<Name, u64>) -> u64 {
    match value {
        Value::Variable(name) => variables.get(name).copied().unwrap_or(1),
        Value::String(text) => text_weight(text),
        Value::List(values) => sum(values.iter().map(|value| weight_with(value, variables))),
        Value::Object(fields) => sum(fields.values().map(|value| weight_with(value, variables))),
        _ => 1,
    }
}

fn text_weight(text: &str) -> u64 {
    u64::try_from(1 + text.len() / 1024).unwrap_or(u64::MAX)
}

fn sum(weights: impl Iterator<Item = u64>) -> u64 {
    weights.fold(1, u64::saturating_add)
}

/// Measures the selections of a document, each fragment once.
struct Measure<'d> {
    document: &'d ExecutableDocument,
    variables: HashMap<Name, u64>,
    /// What was measured; nothing yet for those that are being measured.
    fragments: HashMap<&'d str, Option<Extent>>,
}

impl<'d> Measure<'d> {
    /// Measures a set at a level. The recursion goes as deep as the limit of
    /// nesting and no further.
    fn set(&mut self, set: &'d SelectionSet, level: usize) -> Result<Extent, ServerError> {
        let mut sum = Extent::default();
        for selection in &set.items {
            let at = selection.pos;
            directives(selection.node.directives())?;
            let extent = match &selection.node {
                Selection::Field(field) => self.field(&field.node, level, at)?,
                Selection::FragmentSpread(spread) => self
                    .fragment(&spread.node.fragment_name.node, level + 1, at)?
                    .within_one_more(),
                Selection::InlineFragment(inline) => self
                    .below(&inline.node.selection_set.node, level, at)?
                    .within_one_more(),
            };
            sum.add(extent);
        }
        Ok(sum)
    }

    fn below(
        &mut self,
        set: &'d SelectionSet,
        level: usize,
        at: Pos,
    ) -> Result<Extent, ServerError> {
        nested(level + 1, at)?;
        self.set(set, level + 1)
    }

    fn field(&mut self, field: &'d Field, level: usize, at: Pos) -> Result<Extent, ServerError> {
        let below = match &field.selection_set.node {
            set if set.items.is_empty() => None,
            set => Some(self.below(set, level, at)?),
        };
        let name = field.name.node.as_str();
        let arguments = field.arguments.iter();
        let values = arguments.fold(0_u64, |values, (_, value)| {
            values.saturating_add(weight_with(&value.node, &self.variables))
        });
        let below_it = below.unwrap_or_default();
        let is_list = LISTS_OF_THE_SCHEMA.iter().find(|(list, _)| *list == name);
        let count = is_list.map_or(1, |(_, count)| *count);
        let listed = count.saturating_mul(below_it.listed.saturating_add(1));
        Ok(Extent {
            fields: 1,
            selections: below_it.selections.saturating_add(1),
            values: below_it.values.saturating_add(values),
            listed,
            introspection: match name {
                "__schema" | "__type" => listed,
                _ => below_it.introspection,
            },
            height: below.map_or(0, |below| below.height + 1),
        })
    }

    fn fragment(&mut self, name: &str, level: usize, at: Pos) -> Result<Extent, ServerError> {
        nested(level, at)?;
        // That a fragment is not known is for the schema to say.
        let Some((name, fragment)) = self.document.fragments.get_key_value(name) else {
            return Ok(Extent::default());
        };
        match self.fragments.get(name.as_str()) {
            Some(Some(extent)) => {
                nested(level + extent.height, at)?;
                return Ok(*extent);
            }
            Some(None) => {
                let message = format!("the fragment {name} spreads itself");
                return Err(refusal(message, Some(at)));
            }
            None => {}
        }
        self.fragments.insert(name, None);
        let extent = self.set(&fragment.node.selection_set.node, level)?;
        self.fragments.insert(name, Some(extent));
        Ok(extent)
    }
}

impl Extent {
    /// The same as one selection of the set that it is spread into.
    fn within_one_more(self) -> Self {
        Self {
            selections: self.selections.saturating_add(1),
            height: self.height + 1,
            ..self
        }
    }
}

fn nested(level: usize, at: Pos) -> Result<(), ServerError> {
    if level <= LIMITS.nesting {
        return Ok(());
    }
    let message = format!(
        "selections are nested at most {} deep, what fragments spread included",
        LIMITS.nesting
    );
    Err(refusal(message, Some(at)))
}
