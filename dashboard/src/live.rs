//! The store and its feed, as components meet them.

use std::{
    cell::{Cell, Ref, RefCell},
    rc::Rc,
};

use gloo_events::EventListener;
use gloo_timers::callback::{Interval, Timeout};
use lookupd_core::Timestamp;
use yew::prelude::*;

use crate::{
    acts::Ask,
    client::Client,
    dom,
    feed::{Feed, Polling, Port},
    route::Base,
    store::{Event, Store},
};

/// Everything that lives as long as the page: store, feed, what is asked of a person, and what was done.
///
/// Equal as long as nothing but the time changed, so that a component which takes it from the context renders again
/// when there is something new, at most once a frame.
#[derive(Clone)]
pub struct Live {
    shared: Rc<Shared>,
    version: u64,
}

struct Shared {
    base: Base,
    client: Client,
    store: RefCell<Store>,
    feed: RefCell<Option<Polling>>,
    ask: RefCell<Option<Ask>>,
    notices: RefCell<Vec<Notice>>,
    notice_count: Cell<u32>,
    dirty: Cell<bool>,
    show: RefCell<Callback<()>>,
}

/// Something that was done, said for a few seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Which one.
    pub id: u32,
    /// What.
    pub text: String,
}

/// How long a notice stays.
const NOTICE_MS: u32 = 6_000;

impl PartialEq for Live {
    fn eq(&self, other: &Self) -> bool {
        self.version == other.version && Rc::ptr_eq(&self.shared, &other.shared)
    }
}

impl Live {
    fn new(base: Base) -> Self {
        let client = Client::new(&base.api);
        Self {
            shared: Rc::new(Shared {
                base,
                client,
                store: RefCell::default(),
                feed: RefCell::default(),
                ask: RefCell::default(),
                notices: RefCell::default(),
                notice_count: Cell::default(),
                dirty: Cell::default(),
                show: RefCell::new(Callback::noop()),
            }),
            version: 0,
        }
    }

    /// Everything that is known. Let go of it before anything is sent.
    pub fn store(&self) -> Ref<'_, Store> {
        self.shared.store.borrow()
    }

    /// The API.
    pub fn client(&self) -> &Client {
        &self.shared.client
    }

    /// Where page and API are.
    pub fn base(&self) -> &Base {
        &self.shared.base
    }

    /// Lets something happen to the store.
    pub fn send(&self, event: Event) {
        let (changed, paused) = {
            let mut store = self.shared.store.borrow_mut();
            let before = store.is_paused();
            let changed = store.update(event);
            (changed, (store.is_paused() != before).then_some(store.is_paused()))
        };
        if let (Some(paused), Some(feed)) = (paused, self.feed()) {
            feed.set_paused(paused);
        }
        if changed {
            self.changed();
        }
    }

    /// Asks the server at once.
    pub fn refresh(&self) {
        if let Some(feed) = self.feed() {
            feed.refresh();
        }
    }

    /// Asks something of the person, in place of what was asked before.
    pub fn ask(&self, ask: Ask) {
        self.shared.ask.replace(Some(ask));
        self.changed();
    }

    /// What is asked of the person.
    pub fn asked(&self) -> Option<Ask> {
        self.shared.ask.borrow().clone()
    }

    /// Asks nothing any more.
    pub fn settle(&self) {
        if self.shared.ask.replace(None).is_some() {
            self.changed();
        }
    }

    /// Says for a few seconds that something was done.
    pub fn notify(&self, text: String) {
        let id = self.shared.notice_count.get();
        self.shared.notice_count.set(id.wrapping_add(1));
        self.shared.notices.borrow_mut().push(Notice { id, text });
        self.changed();
        let live = self.clone();
        Timeout::new(NOTICE_MS, move || live.dismiss(id)).forget();
    }

    /// What was done of late.
    pub fn notices(&self) -> Vec<Notice> {
        self.shared.notices.borrow().clone()
    }

    /// Says it no longer.
    pub fn dismiss(&self, id: u32) {
        self.shared.notices.borrow_mut().retain(|notice| notice.id != id);
        self.changed();
    }

    fn feed(&self) -> Option<Polling> {
        self.shared.feed.borrow().clone()
    }

    /// Renders before the next frame, however many changes come until then.
    fn changed(&self) {
        if !self.shared.dirty.replace(true) {
            let shared = self.shared.clone();
            dom::before_next_frame(move || {
                shared.dirty.set(false);
                let show = shared.show.borrow().clone();
                show.emit(());
            });
        }
    }

    fn start(&self) {
        let (asking, telling) = (self.clone(), self.clone());
        let port = Port {
            cursor: Rc::new(move || asking.store().cursor()),
            emit: Rc::new(move |news| telling.send(Event::News(news))),
        };
        self.send(Event::Tick(dom::now()));
        self.send(Event::Hidden(dom::is_hidden()));
        let feed = Polling::start(self.client().clone(), port);
        // A page that is opened in the background shows something when it comes to the front: it asks once, then rests.
        feed.set_paused(self.store().is_paused());
        self.shared.feed.replace(Some(feed));
    }
}

/// The local clock, the same for everything that shows time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now(pub Timestamp);

/// What [`LiveProvider`] takes.
#[derive(Properties, PartialEq)]
pub struct LiveProviderProps {
    /// Where page and API are.
    pub base: Base,
    /// Who gets it.
    pub children: Html,
}

/// Keeps store, feed and clock for all components in it.
#[component]
pub fn LiveProvider(props: &LiveProviderProps) -> Html {
    let live = use_memo(props.base.clone(), |base| Live::new(base.clone()));
    let version = use_state(|| 0_u64);
    let now = use_state_eq(|| Now(dom::now()));
    {
        let (live, version, now) = ((*live).clone(), version.setter(), now.setter());
        use_effect_with((), move |()| {
            let count = Cell::new(0);
            live.shared.show.replace(Callback::from(move |()| {
                count.set(count.get() + 1);
                version.set(count.get());
            }));
            live.start();
            let ticking = live.clone();
            let clock = Interval::new(1_000, move || {
                let moment = dom::now();
                ticking.send(Event::Tick(moment));
                // Nobody sees a hidden page: what it shows stands still.
                if !dom::is_hidden() {
                    now.set(Now(moment));
                }
            });
            let watched = live.clone();
            let visibility = EventListener::new(&dom::document(), "visibilitychange", move |_| {
                watched.send(Event::Tick(dom::now()));
                watched.send(Event::Hidden(dom::is_hidden()));
            });
            move || {
                live.shared.feed.replace(None);
                drop((clock, visibility));
            }
        });
    }
    let context = Live { shared: live.shared.clone(), version: *version };
    html! {
        <ContextProvider<Live> {context}>
            <ContextProvider<Now> context={*now}>{ props.children.clone() }</ContextProvider<Now>>
        </ContextProvider<Live>>
    }
}

/// Store and feed; renders again when something changed.
#[hook]
#[expect(clippy::expect_used, reason = "every component is inside LiveProvider")]
pub fn use_live() -> Live {
    use_context::<Live>().expect("inside LiveProvider")
}

/// The local clock; renders again every second.
#[hook]
#[expect(clippy::expect_used, reason = "every component is inside LiveProvider")]
pub fn use_now() -> Timestamp {
    use_context::<Now>().expect("inside LiveProvider").0
}
