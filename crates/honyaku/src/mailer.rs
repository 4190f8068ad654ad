//! The way out for mail: a server that takes it by SMTP.

use crate::config::{Config, ConfigError};
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::{SmtpTransport, Transport as _};
use std::time::Duration;
use store::mails::Mail;

const TIMEOUT: Duration = Duration::from_secs(20);

/// Sends mail.
pub struct Mailer {
    transport: SmtpTransport,
    from: Mailbox,
}

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct Failure {
    text: String,
    /// Trying again will not help.
    pub permanent: bool,
}

impl Mailer {
    /// From the settings `mail.smtp` and `mail.from`. `None`: no mail is sent.
    pub fn new(config: &Config) -> Result<Option<Self>, ConfigError> {
        let url = config.text("mail.smtp");
        if url.is_empty() {
            return Ok(None);
        }
        let transport = SmtpTransport::from_url(url)
            .map_err(|_| {
                config.wrong("mail.smtp", "write smtps://user:password@host or smtp://host:port?tls=required")
            })?
            .timeout(Some(TIMEOUT))
            .build();
        let from = config
            .text("mail.from")
            .parse()
            .map_err(|_| config.wrong("mail.from", "write an address such as Acme <desk@acme.example>"))?;
        Ok(Some(Self { transport, from }))
    }

    /// Sends a mail; waits for the server, so not for an async thread.
    pub fn send(&self, mail: &Mail) -> Result<(), Failure> {
        let message = self.message(mail).map_err(|text| Failure { text, permanent: true })?;
        self.transport
            .send(&message)
            .map(|_| ())
            .map_err(|error| Failure { permanent: error.is_permanent(), text: whole(&error) })
    }

    /// Whether the server can be reached and takes our name and password.
    pub fn check(&self) -> Result<(), String> {
        match self.transport.test_connection() {
            Ok(true) => Ok(()),
            Ok(false) => Err("the server does not answer as a mail server".to_owned()),
            Err(error) => Err(whole(&error)),
        }
    }

    fn message(&self, mail: &Mail) -> Result<Message, String> {
        let to: Mailbox = mail.recipient.parse().map_err(|error| format!("{}: {error}", mail.recipient))?;
        // The same for every try: a server that has it already can tell.
        let id = format!("<honyaku.{}.{}@{}>", mail.id, mail.created_at.0, self.from.email.domain());
        Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(mail.subject.clone())
            .message_id(Some(id))
            .header(AutoSubmitted)
            .header(ContentType::TEXT_PLAIN)
            .body(mail.body.clone())
            .map_err(|error| error.to_string())
    }
}

/// Keeps holiday notes and the like from answering (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// An error with its causes.
fn whole(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    std::iter::once(error.to_string()).chain(causes.map(ToString::to_string)).collect::<Vec<_>>().join(": ")
}
