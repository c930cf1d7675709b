//! Heads by mail: whoever receives one can hold the log to it for ever.

use anyhow::Context;
use event_store::seal::Sealed;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use super::outsider::ShowError;

/// Sends heads to an address.
pub(super) struct MailKeeper {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Mailbox,
}

impl MailKeeper {
    pub(super) fn new(to: &str, from: &str, smtp_url: Option<&str>) -> anyhow::Result<Self> {
        let url = smtp_url
            .context("mail is sent by a server: name it with --smtp-url smtp://HOST:PORT")?;
        Ok(Self {
            transport: AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
                .context("--smtp-url")?
                .build(),
            from: from.parse().context("--mail-from")?,
            to: to.parse().with_context(|| format!("mailto:{to}"))?,
        })
    }

    /// Sends a note, as it is, as the mail's text.
    pub(super) async fn send(&self, head: &Sealed) -> Result<(), ShowError> {
        let failed = |error: &dyn std::error::Error| ShowError::Failed(error.to_string());
        let message = Message::builder()
            .from(self.from.clone())
            .to(self.to.clone())
            .subject(format!("Docket: the log is sealed up to {}", head.size))
            .header(ContentType::TEXT_PLAIN)
            .body(head.note.clone())
            .map_err(|error| failed(&error))?;
        self.transport
            .send(message)
            .await
            .map(drop)
            .map_err(|error| failed(&error))
    }
}
