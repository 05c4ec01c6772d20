//! Plain elements, as a call: `html!` writes each of them out where it stands.

use yew::{
    prelude::*,
    virtual_dom::{AttributeOrProperty, Attributes, VTag},
};

/// An element of this class, which may be empty, around its children.
pub fn element(tag: &'static str, class: &'static str, children: Vec<Html>) -> Html {
    let mut element = VTag::new(tag);
    let class = (!class.is_empty()).then_some(AttributeOrProperty::Static(class));
    element.set_attributes(Attributes::Dynamic { keys: &["class"], values: Box::new([class]) });
    element.add_children(children);
    element.into()
}
