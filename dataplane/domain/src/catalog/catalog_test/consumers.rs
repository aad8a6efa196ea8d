//! Registering consumers, their quotas, and their end.

use std::time::Duration;

use crate::catalog::test_fixture::{Catalog, consumer_name, name};
use crate::catalog::*;

fn register(stream: &str, consumer: &str) -> RegisterConsumer {
    RegisterConsumer {
        stream: name(stream),
        consumer: consumer_name(consumer),
        tags: Tags::new(),
    }
}

fn became_active(stream: &str, consumer: &str) -> ConsumerBecameActive {
    ConsumerBecameActive {
        stream: name(stream),
        consumer: consumer_name(consumer),
    }
}

fn fill(catalog: &mut Catalog, stream: &str, count: u32) {
    for number in 0..count {
        catalog
            .apply(register(stream, &format!("c{number}")))
            .unwrap();
        catalog
            .apply(became_active(stream, &format!("c{number}")))
            .unwrap();
    }
}

#[test]
fn a_consumer_lives_from_creating_to_gone() {
    let mut catalog = Catalog::with_stream(1);
    let status = |catalog: &Catalog| {
        catalog
            .stream("s")
            .consumers
            .get("c")
            .map(|consumer| consumer.status)
    };
    let touched = catalog.apply(register("s", "c")).unwrap();
    assert_eq!(
        touched,
        [ObjectKey::Consumer(name("s"), consumer_name("c"))],
        "the stream itself is not stored again"
    );
    assert_eq!(status(&catalog), Some(ConsumerStatus::Creating));
    catalog.apply(became_active("s", "c")).unwrap();
    assert_eq!(status(&catalog), Some(ConsumerStatus::Active));
    let exists = ChangeError::ConsumerExists {
        stream: name("s"),
        consumer: consumer_name("c"),
    };
    assert_eq!(catalog.apply(register("s", "c")), Err(exists));
    catalog
        .apply(DeregisterConsumer {
            stream: name("s"),
            consumer: consumer_name("c"),
        })
        .unwrap();
    assert_eq!(status(&catalog), Some(ConsumerStatus::Deleting));
    catalog.apply(became_active("s", "c")).unwrap();
    assert_eq!(
        status(&catalog),
        Some(ConsumerStatus::Deleting),
        "a late step does not revive it"
    );
    catalog
        .apply(ConsumerGone {
            stream: name("s"),
            consumer: consumer_name("c"),
        })
        .unwrap();
    assert_eq!(status(&catalog), None);
}

#[test]
fn a_stream_has_20_consumers_and_50_with_the_commitment() {
    let mut catalog = Catalog::with_stream(1);
    catalog.create_on_demand("d");
    fill(&mut catalog, "s", 20);
    fill(&mut catalog, "d", 20);
    assert_eq!(
        catalog.apply(register("d", "x")),
        Err(ChangeError::TooManyConsumers {
            count: 20,
            limit: 20
        })
    );
    catalog
        .apply(UpdateAccountSettings::EnableBillingCommitment)
        .unwrap();
    catalog.apply(register("d", "x")).unwrap();
    assert_eq!(
        catalog.apply(register("s", "x")),
        Err(ChangeError::TooManyConsumers {
            count: 20,
            limit: 20
        })
    );
}

#[test]
fn five_consumers_are_registered_at_one_time() {
    let mut catalog = Catalog::with_stream(1);
    for number in 0..5 {
        catalog.apply(register("s", &format!("c{number}"))).unwrap();
    }
    let sixth = catalog.apply(register("s", "c5"));
    assert_eq!(
        sixth,
        Err(ChangeError::TooManyCreatingConsumers {
            creating: 5,
            limit: 5
        })
    );
}

#[test]
fn consumers_keep_their_stream_unless_they_are_to_go_with_it() {
    let mut catalog = Catalog::with_stream(1);
    catalog.apply(register("s", "c")).unwrap();
    let delete = |enforce_consumer_deletion| DeleteStream {
        name: name("s"),
        enforce_consumer_deletion,
    };
    let refused = ChangeError::StreamHasConsumers {
        stream: name("s"),
        consumer_count: 1,
    };
    assert_eq!(catalog.apply(delete(false)), Err(refused));
    catalog.apply(delete(true)).unwrap();
    let uid = catalog.stream("s").uid;
    let touched = catalog
        .apply(StreamGone {
            name: name("s"),
            uid,
        })
        .unwrap();
    assert!(touched.contains(&ObjectKey::Consumer(name("s"), consumer_name("c"))));
}

#[test]
fn an_arn_names_one_registration() {
    let mut catalog = Catalog::with_stream(1);
    catalog.apply(register("s", "c")).unwrap();
    let created_secs = catalog.now.as_secs();
    let resource = |created_secs| Resource::Consumer {
        stream: name("s"),
        consumer: consumer_name("c"),
        created_secs,
    };
    let tags = || Tags::from([("k".to_owned(), "v".to_owned())]);
    catalog
        .apply(AddTags {
            resource: resource(created_secs),
            tags: tags(),
        })
        .unwrap();
    catalog
        .apply(PutResourcePolicy {
            resource: resource(created_secs),
            policy: "{}".to_owned(),
        })
        .unwrap();
    assert_eq!(catalog.stream("s").consumers.get("c").unwrap().tags, tags());
    let earlier = catalog.apply(AddTags {
        resource: resource(created_secs - 1),
        tags: tags(),
    });
    let not_found = ChangeError::ConsumerNotFound {
        stream: name("s"),
        consumer: consumer_name("c"),
    };
    assert_eq!(earlier, Err(not_found));
}

#[test]
fn the_commitment_counts_when_the_consumer_is_registered() {
    let mut catalog = Catalog::new();
    catalog.create_on_demand("d");
    catalog
        .apply(UpdateAccountSettings::EnableBillingCommitment)
        .unwrap();
    fill(&mut catalog, "d", 21);
    catalog
        .apply(UpdateAccountSettings::DisableBillingCommitment)
        .unwrap();
    catalog.wait(Duration::from_hours(24));
    assert_eq!(
        catalog.apply(register("d", "x")),
        Err(ChangeError::TooManyConsumers {
            count: 21,
            limit: 20
        })
    );
}
