//! JSON as the browser parses it. A parser of our own for every answer would weigh 24 KB of what a browser loads, and
//! there is one on the other side already.
//!
//! The shapes are those of [`lookupd_core::api`], which the tests read back from what it writes.

use lookupd_core::Timestamp;

/// A value somewhere in a document; what isn't there reads as nothing.
#[derive(Clone, Debug)]
pub struct Json(imp::Value);

impl Json {
    /// The whole document.
    pub fn parse(text: &str) -> Option<Self> {
        imp::parse(text).map(Self)
    }

    /// A member of an object.
    #[must_use]
    pub fn get(&self, key: &str) -> Self {
        Self(imp::get(&self.0, key))
    }

    /// A string.
    pub fn text(&self) -> Option<String> {
        imp::text(&self.0)
    }

    /// A whole number.
    pub fn number(&self) -> Option<u64> {
        imp::number(&self.0)
    }

    /// A moment, which is written as milliseconds.
    pub fn moment(&self) -> Option<Timestamp> {
        self.number().map(Timestamp::from_millis)
    }

    /// Whether it is `true`.
    pub fn is_true(&self) -> bool {
        imp::is_true(&self.0)
    }

    /// The elements of an array.
    pub fn items(&self) -> Vec<Self> {
        imp::items(&self.0).into_iter().map(Self).collect()
    }
}

/// A text as JSON writes it, quotes included.
pub fn quote(text: &str) -> String {
    imp::quote(text)
}

#[cfg(target_arch = "wasm32")]
mod imp {
    use js_sys::{Array, JSON, Reflect};
    use wasm_bindgen::{JsCast, JsValue};

    pub(super) type Value = JsValue;

    pub(super) fn parse(text: &str) -> Option<Value> {
        JSON::parse(text).ok()
    }

    pub(super) fn get(value: &Value, key: &str) -> Value {
        // It fails where the value is no object.
        Reflect::get(value, &key.into()).unwrap_or(JsValue::UNDEFINED)
    }

    pub(super) fn text(value: &Value) -> Option<String> {
        value.as_string()
    }

    pub(super) fn number(value: &Value) -> Option<u64> {
        value.as_f64().map(|number| number as u64)
    }

    pub(super) fn is_true(value: &Value) -> bool {
        value.as_bool() == Some(true)
    }

    pub(super) fn items(value: &Value) -> Vec<Value> {
        value.dyn_ref::<Array>().map(Array::to_vec).unwrap_or_default()
    }

    pub(super) fn quote(text: &str) -> String {
        // A string always has a JSON form.
        JSON::stringify(&text.into()).map(String::from).unwrap_or_default()
    }
}

/// The same where there is no browser, for tests.
#[cfg(not(target_arch = "wasm32"))]
mod imp {
    pub(super) type Value = serde_json::Value;

    pub(super) fn parse(text: &str) -> Option<Value> {
        serde_json::from_str(text).ok()
    }

    pub(super) fn get(value: &Value, key: &str) -> Value {
        value.get(key).cloned().unwrap_or_default()
    }

    pub(super) fn text(value: &Value) -> Option<String> {
        value.as_str().map(str::to_owned)
    }

    pub(super) fn number(value: &Value) -> Option<u64> {
        value.as_u64()
    }

    pub(super) fn is_true(value: &Value) -> bool {
        value.as_bool() == Some(true)
    }

    pub(super) fn items(value: &Value) -> Vec<Value> {
        value.as_array().cloned().unwrap_or_default()
    }

    pub(super) fn quote(text: &str) -> String {
        Value::from(text).to_string()
    }
}
