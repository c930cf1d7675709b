//! Scalars beyond those of the specification.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};

/// A whole number of up to 64 bits: positions of the log and versions. JSON
/// carries it as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Long(pub(crate) i64);

/// A whole number of up to 64 bits: positions of the log and versions. JSON
/// carries it as a number.
#[Scalar(
    name = "Long",
    specified_by_url = "https://docs.oracle.com/javase/specs/jls/se21/html/jls-4.html#jls-4.2.1"
)]
impl ScalarType for Long {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::Number(number) => number
                .as_i64()
                .map(Self)
                .ok_or_else(|| InputValueError::custom("must be a whole number of 64 bits")),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::from(self.0)
    }
}

impl From<i64> for Long {
    fn from(value: i64) -> Self {
        Self(value)
    }
}
