//! Our values as the server's.

use crate::sql::{Error, Value, ValueRef};
use std::error::Error as StdError;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// A value bound to a parameter.
#[derive(Debug)]
pub struct Bound<'a>(pub ValueRef<'a>);

impl ToSql for Bound<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self.0 {
            ValueRef::Null => Ok(IsNull::Yes),
            ValueRef::Int(number) if *ty == Type::INT4 => i32::try_from(number)?.to_sql(ty, out),
            ValueRef::Int(number) if *ty == Type::INT8 => number.to_sql(ty, out),
            ValueRef::Text(text) if *ty != Type::INT8 && *ty != Type::BYTEA => text.to_sql(ty, out),
            ValueRef::Bytes(bytes) if *ty == Type::BYTEA => bytes.to_sql(ty, out),
            other => Err(format!("{other:?} for a parameter of type {ty}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A column of a row.
pub fn cell(row: &tokio_postgres::Row, index: usize) -> Result<Value, Error> {
    let ty = row.columns().get(index).map(tokio_postgres::Column::type_).ok_or(Error::NoSuchColumn(index))?;
    let wrong = |error: tokio_postgres::Error| Error::Engine(format!("column {index}: {error}"));
    Ok(match *ty {
        Type::INT8 => row.try_get::<_, Option<i64>>(index).map_err(wrong)?.map_or(Value::Null, Value::Int),
        Type::INT4 => row
            .try_get::<_, Option<i32>>(index)
            .map_err(wrong)?
            .map_or(Value::Null, |number| Value::Int(i64::from(number))),
        Type::BOOL => row
            .try_get::<_, Option<bool>>(index)
            .map_err(wrong)?
            .map_or(Value::Null, |holds| Value::Int(i64::from(holds))),
        Type::BYTEA => {
            row.try_get::<_, Option<Vec<u8>>>(index).map_err(wrong)?.map_or(Value::Null, Value::Bytes)
        }
        Type::TEXT | Type::VARCHAR => {
            row.try_get::<_, Option<String>>(index).map_err(wrong)?.map_or(Value::Null, Value::Text)
        }
        ref other => return Err(Error::Engine(format!("column {index} is a {other}"))),
    })
}
