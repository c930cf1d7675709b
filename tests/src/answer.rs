//! What the desk answers.

use serde_json::Value;

/// An answer over HTTP.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The media type.
    pub content_type: String,
    /// The body.
    pub body: Value,
}

/// A refusal: the first error of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The stable code.
    pub code: String,
    /// The reason in words.
    pub message: String,
    /// The input field at fault.
    pub field: Option<String>,
    /// Everything else that the error says.
    pub extensions: Value,
}

impl Answer {
    /// Reads an answer.
    pub async fn read(response: reqwest::Response) -> Self {
        let status = response.status().as_u16();
        let content_type = response
            .headers()
            .get("content-type")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        let text = response.text().await.expect("the answer has a body");
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self {
            status,
            content_type,
            body,
        }
    }

    /// The data of an answer without errors.
    pub fn data(self) -> Value {
        assert!(
            self.body.get("errors").is_none(),
            "the desk refuses: {:#}",
            self.body
        );
        self.body["data"].clone()
    }

    /// The refusal of an answer with an error.
    pub fn refusal(self) -> Refusal {
        let error = &self.body["errors"][0];
        assert!(
            error.is_object(),
            "the desk does not refuse: {:#}",
            self.body
        );
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Refusal {
            code: text(&error["extensions"]["code"]).unwrap_or_default(),
            message: text(&error["message"]).unwrap_or_default(),
            field: text(&error["extensions"]["field"]),
            extensions: error["extensions"].clone(),
        }
    }

    /// The code of the refusal.
    pub fn code(self) -> String {
        self.refusal().code
    }
}
