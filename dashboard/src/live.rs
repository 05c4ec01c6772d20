//! The store, its feed, the address, and what is asked of a person: everything that lives as long as the page.

use std::{
    cell::{Cell, Ref, RefCell},
    rc::Rc,
};

use gloo_events::{EventListener, EventListenerOptions};
use gloo_timers::callback::{Interval, Timeout};
use lookupd_core::{LogFile, Timestamp, http::Right};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::File;

use crate::{
    acts::{Ask, Asked, Progress, Step, done},
    client::{Act, Client},
    components::{Window, close_dialog, measure_table, open_dialog, open_dropped},
    dom,
    feed::{Feed, Port},
    prefs::{self, Choice},
    problem::Problem,
    route::{Base, Query, Route},
    shortcuts::{Keys, Shortcut},
    store::{Event, Store},
    view::{Graph, GraphFilter, Leaving, NodeRow, TopicRow, graph, node_rows, topic_rows},
};

/// A handle on everything. It asks to be rendered at most once a frame, however much happens, and once a second for what shows
/// time.
#[derive(Clone)]
pub struct Live {
    shared: Rc<Shared>,
}

struct Shared {
    base: Base,
    client: Client,
    store: RefCell<Store>,
    feed: RefCell<Option<Feed>>,
    now: Cell<Timestamp>,
    location: RefCell<(Route, Query)>,
    topics: RefCell<(u64, Rc<Vec<TopicRow>>)>,
    nodes: RefCell<(u64, Rc<Vec<NodeRow>>)>,
    /// As of which epoch, and for which query.
    graph: RefCell<(u64, Query, Rc<Graph>)>,
    window: Cell<Window>,
    asked: RefCell<Option<Asked>>,
    /// Why a file isn't shown that somebody wanted to open.
    refused: RefCell<Option<Refused>>,
    is_log_asked_for: Cell<bool>,
    notices: RefCell<Vec<Notice>>,
    notice_count: Cell<u32>,
    dirty: Cell<bool>,
    show: RefCell<Rc<dyn Fn()>>,
    /// They end with the page.
    running: RefCell<Option<(Interval, Vec<EventListener>)>>,
}

/// A file that isn't shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What it is called.
    pub name: String,
    /// Why, and where in it.
    pub reason: String,
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

impl Live {
    /// What there is before anything was heard.
    pub fn new() -> Self {
        let base = Base::of(&dom::path());
        let client = Client::new(&base.api);
        let location = location(&base);
        Self {
            shared: Rc::new(Shared {
                base,
                client,
                store: RefCell::default(),
                feed: RefCell::default(),
                now: Cell::new(dom::now()),
                location: RefCell::new(location),
                topics: RefCell::default(),
                nodes: RefCell::default(),
                graph: RefCell::default(),
                window: Cell::new(Window::START),
                asked: RefCell::default(),
                refused: RefCell::default(),
                is_log_asked_for: Cell::default(),
                notices: RefCell::default(),
                notice_count: Cell::default(),
                dirty: Cell::default(),
                show: RefCell::new(Rc::new(|| ())),
                running: RefCell::default(),
            }),
        }
    }

    /// Begins to feed the store, to keep time and to watch address and visibility; `show` is called whenever there is
    /// something to render.
    pub fn start(&self, show: Rc<dyn Fn()>) {
        self.shared.show.replace(show);
        self.send(Event::Tick(dom::now()));
        self.send(Event::Hidden(dom::is_hidden()));
        self.travel_by_address();
        let (asking, telling) = (self.clone(), self.clone());
        let port = Port {
            standing: Rc::new(move || asking.store().standing()),
            emit: Rc::new(move |news| telling.send(Event::News(news))),
        };
        let is_paused = self.store().is_paused();
        let feed = Feed::start(self.client().clone(), port, is_paused);
        self.shared.feed.replace(Some(feed));

        let (ticking, watching, going) = (self.clone(), self.clone(), self.clone());
        let clock = Interval::new(1_000, move || ticking.tick());
        let visibility = EventListener::new(&dom::document(), "visibilitychange", move |_| {
            watching.tick();
            watching.send(Event::Hidden(dom::is_hidden()));
        });
        let history = EventListener::new(&dom::window(), "popstate", move |_| {
            going.shared.location.replace(location(going.base()));
            // At once: the browser scrolls to where the page was left, which must be there by then.
            going.show();
        });
        // Browsers send one such event a frame at most.
        let (scrolling, resizing) = (self.clone(), self.clone());
        let scroll = EventListener::new(&dom::window(), "scroll", move |_| scrolling.measure());
        let resize = EventListener::new(&dom::window(), "resize", move |_| resizing.measure());
        let choosing = self.clone();
        let chosen_elsewhere = EventListener::new(&dom::window(), "storage", move |_| {
            prefs::load_choices();
            choosing.changed();
        });
        let drops = ["dragover", "drop"].map(|kind| {
            let (live, options) = (self.clone(), EventListenerOptions::enable_prevent_default());
            EventListener::new_with_options(&dom::document(), kind, options, move |event| open_dropped(&live, event))
        });
        let mut all = vec![visibility, history, scroll, resize, chosen_elsewhere, self.listen_to_keys()];
        all.extend(drops);
        self.shared.running.replace(Some((clock, all)));
    }

    fn listen_to_keys(&self) -> EventListener {
        let (live, mut keys) = (self.clone(), Keys::default());
        let options = EventListenerOptions::enable_prevent_default();
        EventListener::new_with_options(&dom::document(), "keydown", options, move |event| {
            let key = event.dyn_ref().and_then(dom::bare_key).filter(|_| Choice::Shortcuts.chosen() == 0);
            let Some(shortcut) = key.and_then(|key| keys.press(&key, dom::now())) else { return };
            // The key that leads into a field isn't typed into it.
            event.prevent_default();
            match shortcut {
                Shortcut::Help => live.ask(Ask::Shortcuts),
                Shortcut::Search => dom::focus_search(),
                Shortcut::Go(page) => live.go(page, Query::default()),
            }
        })
    }

    /// Everything that is known. Let go of it before anything is sent.
    pub fn store(&self) -> Ref<'_, Store> {
        self.shared.store.borrow()
    }

    /// Whether whoever looks may do this. What he may not do isn't offered.
    pub fn may(&self, right: Right) -> bool {
        self.store().may(right)
    }

    /// All topics by name, computed once an epoch.
    pub fn topics(&self) -> Rc<Vec<TopicRow>> {
        let store = self.store();
        let mut kept = self.shared.topics.borrow_mut();
        if kept.0 != store.epoch() {
            *kept = (store.epoch(), Rc::new(topic_rows(store.registry(), store.lifetimes(), store.now())));
        }
        kept.1.clone()
    }

    /// All nodes by address and port, computed once an epoch.
    pub fn nodes(&self) -> Rc<Vec<NodeRow>> {
        let store = self.store();
        let mut kept = self.shared.nodes.borrow_mut();
        if kept.0 != store.epoch() {
            *kept = (store.epoch(), Rc::new(node_rows(store.registry(), store.lifetimes(), store.now())));
        }
        kept.1.clone()
    }

    /// The picture that the address asks for, drawn once an epoch.
    pub fn graph(&self) -> Rc<Graph> {
        let (topics, nodes, query) = (self.topics(), self.nodes(), self.query());
        let store = self.store();
        let mut kept = self.shared.graph.borrow_mut();
        if kept.0 != store.epoch() || kept.1 != query {
            let filter = GraphFilter { topic: query.get("topic"), zone: query.get("zone"), search: query.get("q") };
            let drawn = graph(store.registry(), &topics, &nodes, &filter, store.lifetimes(), store.now());
            *kept = (store.epoch(), query, Rc::new(drawn));
        }
        kept.2.clone()
    }

    /// The API.
    pub fn client(&self) -> &Client {
        &self.shared.client
    }

    /// Where page and API are.
    pub fn base(&self) -> &Base {
        &self.shared.base
    }

    /// The local clock, to the second, the same for everything that shows time.
    pub fn now(&self) -> Timestamp {
        self.shared.now.get()
    }

    /// The leader's clock at [`now`](Self::now).
    pub fn leader_now(&self) -> Timestamp {
        self.store().leader_now(self.now())
    }

    /// The page that the address leads to.
    pub fn route(&self) -> Route {
        self.shared.location.borrow().0.clone()
    }

    /// The address's query.
    pub fn query(&self) -> Query {
        self.shared.location.borrow().1.clone()
    }

    /// The address of a page. While somebody looks at the past, it is the page as of then.
    pub fn href(&self, route: &Route, query: &Query) -> String {
        self.base().href(route, &self.as_of_then(query.clone()).to_string())
    }

    /// Goes to another page, at its top.
    pub fn go(&self, route: Route, query: Query) {
        let query = self.as_of_then(query);
        self.visit(route, query);
        dom::window().scroll_to_with_x_and_y(0.0, 0.0);
    }

    fn as_of_then(&self, query: Query) -> Query {
        let at = self.query().get(AT).to_owned();
        if query.get(AT).is_empty() { query.with(AT, &at) } else { query }
    }

    fn visit(&self, route: Route, query: Query) {
        let href = self.base().href(&route, &query.to_string());
        // It fails only where a page navigates hundreds of times in a few seconds.
        let _ = dom::history().push_state_with_url(&JsValue::NULL, "", Some(&href));
        self.shared.location.replace((route, query));
        self.changed();
    }

    /// Sets one key of the address's query. It replaces the address, so that each key pressed in a search is no step to
    /// go back through.
    pub fn set_query(&self, key: &str, value: &str) {
        let (route, query) = self.shared.location.borrow().clone();
        let query = query.with(key, value);
        let href = self.base().href(&route, &query.to_string());
        let _ = dom::history().replace_state_with_url(&JsValue::NULL, "", Some(&href));
        self.shared.location.replace((route, query));
        self.show();
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
        if self.store().problem() == Some(&Problem::UnknownFormat) {
            self.reload_once();
        }
    }

    /// Gets the page of the server's own release, unless that was tried: what is shown beats what can't be read.
    fn reload_once(&self) {
        let (now, is_loaded) = (dom::now(), self.store().is_loaded());
        if prefs::may_reload(prefs::reloaded_at(), is_loaded, now) && prefs::set_reloaded_at(now) {
            dom::reload();
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
        self.shared.asked.replace(Some(Asked::new(ask)));
        self.rehearse();
        self.changed();
    }

    /// What is asked of the person, and how far that is.
    pub fn asked(&self) -> Option<Asked> {
        self.shared.asked.borrow().clone()
    }

    /// Something happens to what is asked.
    pub fn step(&self, step: Step) {
        let again = matches!(step, Step::Again);
        if let Some(asked) = self.shared.asked.borrow_mut().as_mut() {
            asked.take(step);
        }
        if again {
            self.rehearse();
        }
        self.show();
    }

    /// Asks nothing any more.
    pub fn settle(&self) {
        self.shared.asked.replace(None);
        self.changed();
    }

    /// Has the server do it; then closes the dialog, says so, and asks for the changes. Whoever closed the dialog meanwhile is told
    /// all the same.
    pub fn perform(&self, act: Act) {
        if self.asked().is_some_and(|asked| asked.progress == Progress::Busy) {
            return;
        }
        self.step(Step::Progressed(Progress::Busy));
        let (live, since) = (self.clone(), self.store().registry().revision());
        spawn_local(async move {
            let answer = live.client().act(&act).await;
            let is_open = live.asked().is_some_and(|asked| asked.progress == Progress::Busy);
            match (answer, act) {
                (Ok(_), Act::CompleteTombstone { topic, node }) if is_open => {
                    live.refresh();
                    live.step(Step::Accepted(Leaving { topic, node, since }, dom::now()));
                }
                (Ok(answer), act) => {
                    if is_open {
                        close_dialog();
                    }
                    live.refresh();
                    let (text, to) = done(&act, answer.as_ref());
                    live.notify(text);
                    if let Some(route) = to.filter(|_| is_open) {
                        live.go(route, Query::default());
                    }
                }
                (Err(problem), _) => {
                    if problem.wants_token() {
                        // What may be done is another thing than was thought.
                        live.refresh();
                    }
                    if is_open {
                        live.step(Step::Progressed(Progress::Failed(problem)));
                    } else {
                        live.notify(problem.to_string());
                    }
                }
            }
        });
    }

    /// Asks the server what the act would change.
    fn rehearse(&self) {
        let Some(Ask::Confirm(act)) = self.asked().map(|asked| asked.ask) else { return };
        let live = self.clone();
        spawn_local(async move {
            let impact = live.client().dry_run(&act).await;
            if impact.as_ref().is_err_and(Problem::wants_token) {
                live.refresh();
            }
            // Something else may be asked by now.
            if live.asked().is_some_and(|asked| asked.ask == Ask::Confirm(act)) {
                live.step(Step::Told(impact));
            }
        });
    }

    /// Forgets the token that is kept.
    pub fn forget_token(&self) {
        prefs::set_token(None);
        self.refresh();
        self.notify("The token is forgotten.".into());
    }

    /// Which rows of a long table are in view.
    pub fn window(&self) -> Window {
        self.shared.window.get()
    }

    /// What is to be done once the page shows what it is to show.
    pub fn rendered(&self) {
        open_dialog();
        self.measure();
    }

    fn measure(&self) {
        if let Some(window) = measure_table()
            && self.shared.window.replace(window) != window
        {
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

    /// Renders before the next frame, however many changes come until then.
    pub fn changed(&self) {
        if !self.shared.dirty.replace(true) {
            let live = self.clone();
            dom::before_next_frame(move || live.show());
        }
    }

    /// Renders now. For what a person types: the next key must meet a form that knows of the one before.
    fn show(&self) {
        self.travel_by_address();
        self.shared.dirty.set(false);
        let show = self.shared.show.borrow().clone();
        show();
    }

    /// Shows everything as of this moment, and says so in the address; or as it is now, which closes a file.
    pub fn travel(&self, to: Option<Timestamp>) {
        let (is_offline, is_there) = (self.store().is_offline(), self.store().wanted().is_some());
        let text = to.map(|to| to.as_millis().to_string()).unwrap_or_default();
        match to {
            Some(_) if is_offline => self.send(Event::Travelled(to)),
            None if is_offline => self.send(Event::Closed),
            Some(_) if is_there => self.set_query(AT, &text),
            // To where one was, one goes back.
            _ => {
                let (route, query) = self.shared.location.borrow().clone();
                self.visit(route, query.with(AT, &text));
            }
        }
    }

    /// Goes to the moment that the address tells, if it is another one.
    fn travel_by_address(&self) {
        let to = self.query().get(AT).parse().ok().map(Timestamp::from_millis);
        if self.store().is_offline() || self.store().wanted() == to {
            return;
        }
        self.send(Event::Travelled(to));
        if to.is_some() && self.store().past().is_none() {
            self.ask_log();
        }
    }

    /// Asks the server for the cluster's log, to look into it.
    pub fn ask_log(&self) {
        let wanted = self.store().wanted();
        if self.shared.is_log_asked_for.replace(true) {
            return;
        }
        self.send(Event::Travelled(wanted));
        let live = self.clone();
        spawn_local(async move {
            let told = live.client().log().await.and_then(|file| {
                LogFile::read(&file).map(Box::new).map_err(|error| Problem::Garbled { detail: error.to_string() })
            });
            live.shared.is_log_asked_for.set(false);
            live.send(Event::Logged(told));
        });
    }

    /// Whether that log is on its way.
    pub fn is_log_coming(&self) -> bool {
        self.shared.is_log_asked_for.get()
    }

    /// Saves the cluster's log as a file.
    pub fn save_log(&self) {
        let live = self.clone();
        spawn_local(async move {
            match live.client().log().await {
                Ok(file) => dom::save(&format!("{}-log.ndjson", live.base().cluster), &file),
                Err(problem) => live.refuse("The log".into(), problem.to_string()),
            }
        });
    }

    /// Shows the log in a file, if it is one.
    pub fn open_log(&self, file: &File) {
        let (live, name) = (self.clone(), file.name());
        if file.size() > LONGEST_FILE {
            return self.refuse(name, "It is longer than any log.".into());
        }
        let reading = JsFuture::from(file.text());
        spawn_local(async move {
            let read = match reading.await {
                Ok(text) => LogFile::read(&text.as_string().unwrap_or_default()).map_err(|error| error.to_string()),
                Err(_) => Err("The browser can't read it.".into()),
            };
            match read {
                Ok(log) => {
                    live.shared.refused.take();
                    live.send(Event::Opened(name, Box::new(log)));
                    live.set_query(AT, "");
                }
                Err(reason) => live.refuse(name, reason),
            }
        });
    }

    fn refuse(&self, name: String, reason: String) {
        self.shared.refused.replace(Some(Refused { name, reason }));
        self.changed();
    }

    /// What somebody wanted to open or to save, and why that didn't work.
    pub fn refused(&self) -> Option<Refused> {
        self.shared.refused.borrow().clone()
    }

    /// Says it no longer.
    pub fn dismiss_refused(&self) {
        self.shared.refused.take();
        self.changed();
    }

    /// The leader's clock, whatever is shown.
    pub fn present(&self) -> Timestamp {
        self.store().present(self.now())
    }

    fn feed(&self) -> Option<Feed> {
        self.shared.feed.borrow().clone()
    }

    fn tick(&self) {
        let now = dom::now();
        self.shared.now.set(now);
        self.send(Event::Tick(now));
        // Nobody sees a hidden page: what it shows stands still.
        if !dom::is_hidden() {
            self.changed();
        }
    }
}

/// The moment that is shown, in the address: milliseconds since 1970.
pub const AT: &str = "at";

/// Of a leader on a machine of its own, whose registry has hundreds of megabytes.
const LONGEST_FILE: f64 = 512.0 * 1024.0 * 1024.0;

impl Default for Live {
    fn default() -> Self {
        Self::new()
    }
}

fn location(base: &Base) -> (Route, Query) {
    (base.route(&dom::path()), Query::parse(&dom::search()))
}
