//! What goes into and comes out of the database: integers, texts and bytes, nothing else.
//! Booleans are 0 and 1, times are epoch milliseconds, JSON is text.

use super::Error;
use domain::ids::*;
use domain::job::Status;
use domain::money::Currency;
use domain::tier::Tier;

/// A value read from a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// BIGINT.
    Int(i64),
    /// TEXT.
    Text(String),
    /// BYTEA or BLOB.
    Bytes(Vec<u8>),
}

/// A value bound to a statement; borrowed, so nothing is copied.
#[derive(Clone, Copy, Debug)]
pub enum ValueRef<'a> {
    /// SQL NULL.
    Null,
    /// BIGINT.
    Int(i64),
    /// TEXT.
    Text(&'a str),
    /// BYTEA or BLOB.
    Bytes(&'a [u8]),
}

/// A thing that can be bound as `$n`.
pub trait Param {
    /// Its database form.
    fn value(&self) -> ValueRef<'_>;
}

/// A thing that can be read from a column.
pub trait Column: Sized {
    /// Reads it; the message says what was expected.
    fn read(value: Value) -> Result<Self, String>;
}

impl ValueRef<'_> {
    /// A copy that borrows nothing.
    pub fn owned(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Int(number) => Value::Int(number),
            Self::Text(text) => Value::Text(text.to_owned()),
            Self::Bytes(bytes) => Value::Bytes(bytes.to_owned()),
        }
    }
}

impl Param for ValueRef<'_> {
    fn value(&self) -> ValueRef<'_> {
        *self
    }
}
impl Param for Value {
    fn value(&self) -> ValueRef<'_> {
        match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Int(*number),
            Self::Text(text) => ValueRef::Text(text),
            Self::Bytes(bytes) => ValueRef::Bytes(bytes),
        }
    }
}
impl Param for i64 {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Int(*self)
    }
}
impl Param for bool {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Int(i64::from(*self))
    }
}
impl Param for str {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Text(self)
    }
}
impl Param for &str {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Text(self)
    }
}
impl Param for String {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Text(self)
    }
}
impl Param for [u8] {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Bytes(self)
    }
}
impl Param for &[u8] {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Bytes(self)
    }
}
impl Param for Vec<u8> {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Bytes(self)
    }
}
impl Param for [u8; 32] {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Bytes(self)
    }
}
impl<T: Param> Param for Option<T> {
    fn value(&self) -> ValueRef<'_> {
        self.as_ref().map_or(ValueRef::Null, Param::value)
    }
}
impl Param for Environment {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Int(i64::from(*self == Environment::Sandbox))
    }
}
impl Param for Status {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Text(self.code())
    }
}

impl Param for Tier {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Text(self.code())
    }
}
impl Param for Currency {
    fn value(&self) -> ValueRef<'_> {
        ValueRef::Text(self.code())
    }
}

impl Column for i64 {
    fn read(value: Value) -> Result<Self, String> {
        match value {
            Value::Int(number) => Ok(number),
            other => Err(format!("an integer, not {other:?}")),
        }
    }
}
impl Column for bool {
    fn read(value: Value) -> Result<Self, String> {
        i64::read(value).map(|number| number != 0)
    }
}
impl Column for String {
    fn read(value: Value) -> Result<Self, String> {
        match value {
            Value::Text(text) => Ok(text),
            other => Err(format!("a text, not {other:?}")),
        }
    }
}
impl Column for Vec<u8> {
    fn read(value: Value) -> Result<Self, String> {
        match value {
            Value::Bytes(bytes) => Ok(bytes),
            other => Err(format!("bytes, not {other:?}")),
        }
    }
}
impl<T: Column> Column for Option<T> {
    fn read(value: Value) -> Result<Self, String> {
        match value {
            Value::Null => Ok(None),
            other => T::read(other).map(Some),
        }
    }
}
impl Column for Environment {
    fn read(value: Value) -> Result<Self, String> {
        bool::read(value).map(|sandbox| if sandbox { Environment::Sandbox } else { Environment::Live })
    }
}
impl Column for Status {
    fn read(value: Value) -> Result<Self, String> {
        let text = String::read(value)?;
        Status::parse(&text).ok_or_else(|| format!("a status, not {text:?}"))
    }
}
impl Column for Tier {
    fn read(value: Value) -> Result<Self, String> {
        let text = String::read(value)?;
        Tier::parse(&text).ok_or_else(|| format!("a tier, not {text:?}"))
    }
}
impl Column for Currency {
    fn read(value: Value) -> Result<Self, String> {
        let text = String::read(value)?;
        Currency::parse(&text).ok_or_else(|| format!("a currency, not {text:?}"))
    }
}

macro_rules! number_column {
    ($($name:ident),*) => {$(
        impl Param for $name {
            fn value(&self) -> ValueRef<'_> {
                ValueRef::Int(self.0)
            }
        }
        impl Column for $name {
            fn read(value: Value) -> Result<Self, String> {
                i64::read(value).map($name)
            }
        }
    )*};
}
number_column!(
    AccountId,
    PersonId,
    KeyId,
    OrderId,
    JobId,
    GroupId,
    RevisionId,
    CommentId,
    GlossaryId,
    TranslatorId,
    ClaimId,
    EventId,
    DeliveryId,
    InboxId,
    Timestamp
);

/// One row, read column by column from the left.
#[derive(Debug)]
pub struct Row {
    values: Vec<Value>,
    next: usize,
}

impl Row {
    /// A row of these values.
    pub fn new(values: Vec<Value>) -> Self {
        Self { values, next: 0 }
    }

    /// Every column as it is.
    pub fn take_all(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.values)
    }

    /// The next column.
    pub fn take<T: Column>(&mut self) -> Result<T, Error> {
        let index = self.next;
        let slot = self.values.get_mut(index).ok_or(Error::NoSuchColumn(index))?;
        self.next = index.saturating_add(1);
        T::read(std::mem::replace(slot, Value::Null)).map_err(|expected| Error::Column { index, expected })
    }
}
