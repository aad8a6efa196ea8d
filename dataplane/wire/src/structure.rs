//! The one declaration of a structure of the model: the struct, its table, its way in and its way out.
//!
//! ```text
//! structure! {
//!     /// What the structure is.
//!     MergeShardsInput {
//!         /// What the member is.
//!         shard_to_merge: String = "ShardToMerge": SHARD_ID,
//!         /// An `Option` is optional; here it is needed unless the other is given.
//!         stream_name: Option<String> = "StreamName": STREAM_NAME unless "StreamARN",
//!     }
//! }
//! ```

macro_rules! structure {
    (
        $(#[$doc:meta])*
        $name:ident {
            $(
                $(#[$field_doc:meta])*
                $field:ident: $type:ty = $wire:literal: $shape:ident $(unless $($other:literal)|+)?,
            )*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        pub struct $name {
            $(
                $(#[$field_doc])*
                #[serde(rename = $wire, skip_serializing_if = "crate::field::Field::is_absent")]
                pub $field: $type,
            )*
        }

        impl crate::schema::Structured for $name {
            fn structure() -> &'static crate::schema::Structure {
                static STRUCTURE: crate::schema::Structure = crate::schema::Structure {
                    name: stringify!($name),
                    members: &[$(crate::schema::Member {
                        name: $wire,
                        shape: &crate::schema::kinesis::$shape,
                        required: !<$type as crate::field::Field>::OPTIONAL,
                        required_unless: &[$($($other),+)?],
                    }),*],
                };
                &STRUCTURE
            }
        }

        impl crate::field::Members for $name {
            fn text(&self, name: &str) -> Option<&str> {
                match name {
                    $($wire => crate::field::Field::as_text(&self.$field),)*
                    _ => None,
                }
            }

            fn flag(&self, name: &str) -> Option<bool> {
                match name {
                    $($wire => crate::field::Field::as_flag(&self.$field),)*
                    _ => None,
                }
            }
        }

        impl crate::field::Field for $name {
            fn from_checked(
                value: crate::conform::Checked<'_>,
                body: &bytes::Bytes,
            ) -> Result<Self, crate::field::Mismatch> {
                let crate::conform::Checked::Structure(members) = value else {
                    return Err(crate::field::Mismatch);
                };
                // One slot a member, in the order of the table, which is the order of the fields.
                #[allow(unused_mut, unused_variables, reason = "some requests have no members")]
                let (mut slots, body) = (members.into_iter(), body);
                Ok($name {
                    $($field: crate::field::Field::from_checked(
                        slots.next().ok_or(crate::field::Mismatch)?,
                        body,
                    )?,)*
                })
            }
        }
    };
}

pub(crate) use structure;
