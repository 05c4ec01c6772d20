//! Scenarios drawn from a seed: nsqds that come and go, and whatever else somebody may send.

use std::collections::VecDeque;

use lookupd_tests::{Request, Seed};

use crate::{
    identity, requests,
    state::{CHANNELS, LONG, TOPICS},
    step::{Ask, CLIENTS, On, Step, parted},
};

/// How many steps a scenario is planned with.
pub(crate) const STEPS: usize = 100;

/// A scenario.
#[derive(Clone)]
pub(crate) struct Scenario {
    pub(crate) steps: Vec<Step>,
    /// Whether the agent keeps its data.
    pub(crate) durable: bool,
}

impl Scenario {
    /// The one of this number, always the same.
    pub(crate) fn of(number: u64) -> Self {
        let mut author =
            Author { seed: Seed::from_number(number), clients: [Presence::Absent; CLIENTS], planned: VecDeque::new() };
        let durable = author.seed.below(8) == 0;
        let mut steps: Vec<_> = (0..STEPS).map(|_| author.step()).collect();
        // Once in a while something that ends the scenario for the real daemon.
        if durable {
            steps.push(Step::Restart);
        } else if author.seed.below(4) == 0 {
            let length = pick(&mut author.seed, &[-1, i32::MIN, -65_536]);
            steps.push(Step::NegativeLength(length));
        }
        Self { steps, durable }
    }
}

/// What a client has probably come to: whoever draws a step wants one that can be done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Absent,
    Silent,
    Anonymous,
    Identified,
}

struct Author {
    seed: Seed,
    clients: [Presence; CLIENTS],
    /// What was begun, and goes on between other steps.
    planned: VecDeque<Step>,
}

impl Author {
    fn step(&mut self) -> Step {
        if self.below(2) == 0
            && let Some(step) = self.planned.pop_front()
        {
            return step;
        }
        if self.planned.is_empty() && self.below(60) == 0 {
            self.plan_a_return();
        }
        if self.seed.below(100) < 40 {
            return Step::Ask(requests::ask(&mut self.seed));
        }
        let client = self.below(CLIENTS);
        let presence = self.clients[client];
        if presence == Presence::Absent {
            self.clients[client] = Presence::Silent;
            return Step::Connect(client);
        }
        if self.below(100) < 6 {
            self.clients[client] = Presence::Absent;
            return match self.below(3) {
                0 => Step::HalfClose(client),
                1 => Step::Close(client),
                _ => Step::Reset(client),
            };
        }
        let (bytes, becomes) = match presence {
            Presence::Silent => self.first_words(),
            Presence::Anonymous => self.anonymous_words(),
            _ => self.commands(),
        };
        self.clients[client] = becomes;
        let mut cuts = Vec::new();
        if self.below(4) == 0 {
            cuts = (0..self.below(4)).map(|_| self.below(usize::MAX)).collect();
        }
        Step::Send(client, parted(&bytes, &cuts).into_iter().map(<[u8]>::to_vec).collect())
    }

    /// A producer is tombstoned, then ends or unregisters, and comes back: what nsqadmin's users do to a topic.
    fn plan_a_return(&mut self) {
        // Whatever else is drawn for this client belongs to it, too.
        let client = self.below(CLIENTS);
        self.clients[client] = Presence::Identified;
        let (address, topic) = (pick(&mut self.seed, &["a", "b", "::1", "[::1]"]), pick(&mut self.seed, &TOPICS));
        let body =
            serde_json::json!({ "broadcast_address": address, "http_port": 4151, "tcp_port": 4150, "version": "1" });
        let mut words = b"  V1".to_vec();
        words.extend(identify(body.to_string().as_bytes()));
        words.extend(format!("REGISTER {topic} c\n").into_bytes());
        let comes = [Step::Connect(client), Step::Send(client, vec![words])];
        let host = pick(&mut self.seed, &[address, address, "[::1]", "::1"]);
        let target = format!("/topic/tombstone?topic={}&node={host}:4151", topic.replace('#', "%23"));
        let tombstone = Ask { request: Request::post(target), cuts: Vec::new(), connection: On::New };
        self.planned.push_back(Step::Close(client));
        self.planned.extend(comes.clone());
        self.planned.push_back(Step::Ask(tombstone));
        if self.below(2) == 0 {
            self.planned.push_back(Step::HalfClose(client));
            self.planned.extend(comes);
        } else {
            // As an nsqd does whose topic was deleted, and made again.
            let line = |verb: &str| Step::Send(client, vec![format!("{verb} {topic}\n").into_bytes()]);
            self.planned.extend([line("UNREGISTER"), line("REGISTER")]);
        }
    }

    fn first_words(&mut self) -> (Vec<u8>, Presence) {
        match self.below(20) {
            0 => (
                pick(
                    &mut self.seed,
                    &[&b"  V2"[..], b"    ", b"PING\n", b" V1\n", b"  v1PING\n", b"GET / HTTP/1.1\r\n\r\n"],
                )
                .into(),
                Presence::Absent,
            ),
            1 => (pick(&mut self.seed, &[&b" "[..], b"  V"]).into(), Presence::Absent),
            2 => (b"  V1".into(), Presence::Anonymous),
            3 => (b"  V1PING\n".into(), Presence::Anonymous),
            _ => {
                let (words, becomes) = self.anonymous_words();
                ([&b"  V1"[..], &words].concat(), becomes)
            }
        }
    }

    fn anonymous_words(&mut self) -> (Vec<u8>, Presence) {
        match self.below(16) {
            0 => (b"PING\n".into(), Presence::Anonymous),
            1 => (self.command_line(), Presence::Absent),
            2 => (self.odd_line(), Presence::Absent),
            3 | 15 => {
                let body = identity::odd(&mut self.seed);
                (identify(&body), Presence::Identified)
            }
            4 => {
                // Half of it: the rest never comes, or something else in its place.
                let whole = identify(&identity::plain(&mut self.seed));
                let kept = 1 + self.below(whole.len() - 1);
                (whole[..kept].to_vec(), Presence::Identified)
            }
            5..8 => {
                let mut words = identify(&identity::plain(&mut self.seed));
                words.extend(self.commands().0);
                (words, Presence::Identified)
            }
            _ => (identify(&identity::plain(&mut self.seed)), Presence::Identified),
        }
    }

    /// Some commands at once, mostly good ones.
    fn commands(&mut self) -> (Vec<u8>, Presence) {
        let mut words = Vec::new();
        let count = if self.below(3) == 0 { 1 + self.below(6) } else { 1 };
        for _ in 0..count {
            match self.below(60) {
                0 => {
                    words.extend(self.odd_line());
                    return (words, Presence::Absent);
                }
                1 => {
                    words.extend(identify(&identity::plain(&mut self.seed)));
                    return (words, Presence::Absent);
                }
                2 => {
                    // What is sent next continues it.
                    let line = self.command_line();
                    words.extend(&line[..self.below(line.len())]);
                    return (words, Presence::Identified);
                }
                3 => {
                    words.extend(too_long(&mut self.seed));
                    return (words, Presence::Absent);
                }
                4..10 => words.extend_from_slice(pick(
                    &mut self.seed,
                    &[&b"PING\n"[..], b"  PING\r\n", b"PING x y\n", b"\tPING \n"],
                )),
                _ => words.extend(self.command_line()),
            }
        }
        (words, Presence::Identified)
    }

    fn command_line(&mut self) -> Vec<u8> {
        let verb = pick(&mut self.seed, &["REGISTER", "REGISTER", "REGISTER", "UNREGISTER"]);
        let topic = topic(&mut self.seed);
        let channel = if self.below(3) == 0 { None } else { Some(channel(&mut self.seed)) };
        let mut line = verb.as_bytes().to_vec();
        line.push(b' ');
        line.extend(topic);
        if let Some(channel) = channel {
            line.push(b' ');
            line.extend(channel);
        }
        line.extend_from_slice(pick(
            &mut self.seed,
            &[&b"\n"[..], b"\n", b"\n", b"\r\n", b" \n", b" more and more\n", b"\xe2\x80\x83\n"],
        ));
        line
    }

    fn odd_line(&mut self) -> Vec<u8> {
        pick(
            &mut self.seed,
            &[
                &b"\n"[..],
                b"\r\n",
                b" \xc2\xa0 \n",
                b"ping\n",
                b"NOP x\n",
                b"REGISTER\n",
                b"REGISTER \n",
                b"REGISTER  t\n",
                b"REGISTER t\tc\n",
                b"REGISTER t\xc2\xa0c\n",
                b"REGISTER t  c\n",
                b"REGISTER t c$\n",
                b"UNREGISTER\n",
                b"UNREGISTER \xff\n",
                b"REGISTER t#ephemeral#ephemeral c\n",
                b"REGISTER\x00t\n",
                b"\xff\xfe\n",
                b"\xe3\x80\x80REGISTER \xe3\x80\n",
                b"IDENTIFY extra\n\0\0\0\x02{}",
                b"\x85PING\n",
                b"\xc2\x85PING\xe2\x80\xa8\n",
            ],
        )
        .to_vec()
    }

    fn below(&mut self, bound: usize) -> usize {
        self.seed.below(bound as u64) as usize
    }
}

/// One of them.
pub(crate) fn pick<T: Copy>(seed: &mut Seed, some: &[T]) -> T {
    some[seed.below(some.len() as u64) as usize]
}

/// A topic's name, seldom an invalid one.
pub(crate) fn topic(seed: &mut Seed) -> Vec<u8> {
    if seed.below(40) == 0 { odd_name(seed) } else { pick(seed, &TOPICS).into() }
}

/// A channel's name, seldom an invalid one.
pub(crate) fn channel(seed: &mut Seed) -> Vec<u8> {
    if seed.below(40) == 0 { odd_name(seed) } else { pick(seed, &CHANNELS).into() }
}

fn odd_name(seed: &mut Seed) -> Vec<u8> {
    let too_long = format!("{LONG}5");
    pick(
        seed,
        &[
            &b""[..],
            b"*",
            b"t$",
            b"#ephemeral",
            b"t#ephemera",
            b"t#ephemeral#ephemeral",
            b"t#EPHEMERAL",
            b"t/u",
            b"\xc3\xbc",
            b"\xff",
            b"t\0",
            b"t\x7f\x1b",
            b"t'u",
            too_long.as_bytes(),
        ],
    )
    .to_vec()
}

/// IDENTIFY with this body.
fn identify(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("a short body");
    [&b"IDENTIFY\n"[..], &length.to_be_bytes(), body].concat()
}

/// A line that is longer than ours takes, or just not.
fn too_long(seed: &mut Seed) -> Vec<u8> {
    let mut line = b"PING ".to_vec();
    line.resize(pick(seed, &[4_000, 4_096, 4_097, 9_000]), b'x');
    line.push(b'\n');
    line
}
