package partition

import "time"

// Settings are all the times, limits and choices of a group's worker. A zero field
// has its default; Off turns off a field that says so. All workers of a group
// should have the same ones; what may differ during a rolling change is carried in
// the records.
//
// Each comment says meaning, default (with those of Fast and Conservative where
// they differ) and rule. Validate names the rules that are broken, Explain says what
// follows. bridge.LoadSettings reads them from a file and the environment.
type Settings struct {
	// WorkerIDPrefix begins the ID of every worker: prefix, hyphen, number.
	// Default "worker"; 1 to 48 of A-Z, a-z, 0-9, '_' and '-'.
	WorkerIDPrefix string
	// WorkerIDs are the numbers that workers claim, lowest first; a full range
	// is an error for whoever comes next. Default 0 and the 999 after it.
	WorkerIDs IDRange
	// InstanceKey lets a restarted process have its former worker ID back, so
	// that nothing moves. Default none; if set, unique per process (the name of
	// a pod), 1 to 128 of A-Z, a-z, 0-9, '_', '.' and '-'.
	InstanceKey string
	// NeverLead keeps this worker out of elections. Default false; at least one
	// worker of a group must be able to lead.
	NeverLead bool
	// Capacity is the share of the load that this worker carries, relative to the
	// others. Default 1; 0.001 to 1,000,000.
	Capacity float64
	// Zone is where this worker runs. Default none; up to 64 of A-Z, a-z, 0-9, '_',
	// '.' and '-'.
	Zone string
	// Labels are what this worker offers to partitions that ask for it. Default none;
	// up to 16, each written as Zone and not empty.
	Labels []string
	// OnStop says whether a stopped worker is expected back. Default Leave.
	OnStop StopPolicy
	// Ownership says what becomes of a partition while the store cannot be
	// reached. Default Exclusive.
	Ownership Ownership

	// HeartbeatInterval, H, lies between two heartbeats of a worker.
	// Default 1 s (Fast 0.4 s, Conservative 3 s).
	HeartbeatInterval time.Duration
	// Lease, L, is how long a worker may act after a heartbeat was sent.
	// Default 4 s (1.5 s, 15 s); at least 3·HeartbeatInterval + StoreTimeout, so
	// that two heartbeats may get lost.
	Lease time.Duration
	// LeaderLease, TL, is how long a leader leads after a renewal was sent; it
	// renews each quarter of it. Default 4 s (1.5 s, 15 s); above
	// LeaderLease/4 + StoreTimeout, so that a renewal can end within it.
	LeaderLease time.Duration
	// StoreTimeout ends one operation of the store; its outcome is unknown then.
	// Default 1 s (0.3 s, 3 s).
	StoreTimeout time.Duration
	// DrainTimeout, D, is what a handler has to stop: a worker without renewal
	// tells its handlers that long before the lease ends. Default 1.5 s (0.5 s,
	// 5 s); below Lease/2, and DrainTimeout + HeartbeatInterval + StoreTimeout
	// below Lease, so that one late heartbeat stops nobody.
	DrainTimeout time.Duration
	// RevokeTimeout is how long a revoked partition may drain before it is
	// written off as abandoned. Default 30 s (10 s, 60 s); at least DrainTimeout.
	RevokeTimeout time.Duration
	// ClockDrift, δ, lengthens every wait for somebody else's lease by this
	// share. Default 0.10; 0.085 to 1. The least value covers two clocks of
	// which one runs 4 % fast and the other 4 % slow.
	ClockDrift float64

	// Candidates is how many workers watch the lead, those with the lowest IDs
	// that may lead; the others look every 2·LeaderLease. Default 3; at least 1.
	Candidates int
	// PollInterval lies between two looks at all workers' records, the fallback
	// of the watch. Default half of Lease; at least HeartbeatInterval.
	PollInterval time.Duration
	// Debounce is the quiet after which sightings of workers become one change,
	// DebounceCap the longest time that this may take. Default 0.1 s and 1 s
	// (0.05 s and 0.5 s, 0.5 s and 5 s); Debounce at most DebounceCap.
	Debounce, DebounceCap time.Duration
	// ColdStartWindow is how long a leader lets a group without history gather
	// before it moves partitions that have an owner. Default 30 s (2 s, 60 s);
	// at least PlannedScaleWindow if both are on. Off moves at once.
	ColdStartWindow time.Duration
	// PlannedScaleWindow is the same for a join or a leave in a group at work.
	// Default 10 s (1 s, 30 s). Off moves at once.
	PlannedScaleWindow time.Duration
	// SettleTime ends a window early after so long without a change.
	// Default 2 s (0.3 s, 10 s). Off waits every window out.
	SettleTime time.Duration
	// MinRebalanceInterval lies between two moves of partitions that have an
	// owner. Default 10 s (1 s, 30 s). Off needs no pause.
	MinRebalanceInterval time.Duration
	// MinRebalanceThreshold is the Imbalance, (max − min load) / mean, above
	// which a change without a join moves partitions that have an owner.
	// Default 0.15; above 0. Off moves for any imbalance.
	MinRebalanceThreshold float64
	// MoveLimit is how many partitions that have an owner one decision may move;
	// the rest follows in later decisions. Default Off; at least 1. (In
	// Input.MoveLimit, which always says what it means, 0 is a limit.)
	MoveLimit int
	// DrainRound is how many partitions of a worker that drains are on their way to
	// others at a time. Default 100; at least 1. Off moves all at once.
	DrainRound int
	// PoisonBudget is how many failures of a partition's actor within a minute are too
	// many: the partition is quarantined then, owned and not worked on, whoever owns it,
	// for QuarantineFor or until messages.ReleasePartition. Default 3; at least 1. Off
	// starts it again without end. QuarantineFor is 10 min by default; Off waits for the
	// message.
	PoisonBudget  int
	QuarantineFor time.Duration
	// RestartDetectionRatio: if more than this share of the last members is
	// gone, the group is starting cold. Default 0.5; above 0, at most 1. Off
	// never takes a loss for a restart.
	RestartDetectionRatio float64
	// RestartHoldDown is how long the partitions of a worker that announced its
	// return are kept for it. What moves for balance, also to who joins, waits for it
	// too, but no longer than twice that. Default 10 s (5 s, 60 s). Off keeps
	// nothing.
	RestartHoldDown time.Duration

	// SourcePollInterval lies between two listings of the source. Default 30 s
	// (5 s, 60 s). Off lists on refresh, and when the source says so.
	SourcePollInterval time.Duration
	// EmptyConfirmations is how many times in a row a source must list nothing,
	// after it had listed something, or what was decided was lost, to be believed.
	// Default 3; at least 1. Off believes it at once.
	EmptyConfirmations int
	// StrategyTimeout and SourceTimeout end one call of the strategy and one
	// listing. Default 5 s and 10 s (2 s and 3 s, 15 s and 30 s).
	StrategyTimeout, SourceTimeout time.Duration
	// StartTimeout is when a worker that got no assignment yet says so, with the
	// reason; it goes on trying. Default 30 s (10 s, 90 s); above
	// Lease·(1 + ClockDrift) + StoreTimeout, the wait for a dead namesake.
	StartTimeout time.Duration
	// ShutdownTimeout is when a stop ends whatever still runs. Default 15 s
	// (5 s, 60 s); above DrainTimeout + 2·StoreTimeout, a drain and a release.
	ShutdownTimeout time.Duration

	// EnterThreshold is how long the store may fail before an Available worker
	// is degraded; an Exclusive one is as soon as its lease is in doubt.
	// ExitThreshold is how long the store must be healthy to end that, for both.
	// Default 10 s and 5 s (2 s and 1 s, 30 s and 10 s).
	EnterThreshold, ExitThreshold time.Duration
	// KVErrorThreshold failures of the store within KVErrorWindow do the same as
	// EnterThreshold. Default 5 within 30 s; at least 1.
	KVErrorThreshold int
	KVErrorWindow    time.Duration
	// RecoveryGracePeriod is how long a leader that could not reach the store takes
	// nobody for dead when it can again. Default 15 s (3 s, 30 s); for Available
	// only. Off waits for nobody.
	RecoveryGracePeriod time.Duration
	// Alerts say how long a worker is degraded before it says so, louder and
	// louder.
	Alerts AlertTimes

	// Record is a folder in which a worker keeps, while it leads, what it hears and
	// decides: files for sim.Replay, of which the oldest go above MaxRecorded. The folder is made if
	// it is not there. Default none, which keeps nothing; up to 1024 characters of
	// UTF-8, none of which controls a screen.
	Record string

	// origins say where the values came from that Set was given.
	origins map[string]origin
}

// MaxRecorded is how many bytes of one group a worker keeps in the folder Settings.Record:
// more only if that is less than 16 times the longest beginning of a file, which is about
// 13 MB at 100,000 partitions.
const MaxRecorded = 64 << 20

// IDRange is a range of worker numbers.
type IDRange struct {
	// From is the first number. Default 0; at most 1,000,000,000.
	From int
	// Count is how many there are. Default 1000; 1 to 100,000.
	Count int
}

// AlertTimes are counted from the moment a worker became degraded. They rise;
// those that are Off are left out.
type AlertTimes struct {
	// Info, Warn, Error and Critical begin a level. Default 30 s, 2 min, 5 min,
	// 10 min.
	Info, Warn, Error, Critical time.Duration
	// Repeat lies between two alerts of one level. Default 60 s. Off says each
	// level once.
	Repeat time.Duration
}

// StopPolicy says what a worker that stops tells the others.
type StopPolicy int

const (
	// Leave gives the partitions up for good: others get them at once.
	Leave StopPolicy = iota
	// Restart announces its return: the partitions are kept for
	// Settings.RestartHoldDown.
	Restart
)

// String returns the policy as it is written in a file of settings.
func (p StopPolicy) String() string { return choice(int(p), "leave", "restart") }

// Ownership says what wins while the store cannot be reached.
type Ownership int

const (
	// Exclusive drops partitions when the lease ends: never two owners, for a
	// while perhaps none.
	Exclusive Ownership = iota
	// Available keeps the last assignment: never without an owner, for a while
	// perhaps two. If only this worker is without the store, others replace it when
	// its lease is over, and it owns what they own until it hears of that.
	Available
)

// String returns the choice as it is written in a file of settings.
func (o Ownership) String() string { return choice(int(o), "exclusive", "available") }

func choice(n int, names ...string) string {
	if n < 0 || n >= len(names) {
		return "unknown"
	}
	return names[n]
}

// Wait is how long others wait, on their own clock, until a lease of this length
// is surely over: lease·(1 + ClockDrift) rounded up, because the owner's clock
// may run slower than theirs. It is Rules.Wait, so that a timer that was set by
// one finds the other elapsed.
func (s Settings) Wait(lease time.Duration) time.Duration {
	return Rules{Drift: s.ClockDrift}.Wait(lease)
}

// Rules are the settings that a leader's waits are made of. It takes nobody for
// dead before the instant grace.
func (s Settings) Rules(grace time.Time) Rules {
	return Rules{Drift: s.ClockDrift, RevokeTimeout: s.RevokeTimeout, HoldDown: s.RestartHoldDown, Grace: grace, DrainRound: s.DrainRound}
}

// Suspect is how long after sending its last accepted heartbeat a worker stops its
// handlers: DrainTimeout, which handlers are promised, is then left of the lease.
func (s Settings) Suspect() time.Duration { return s.Lease - s.DrainTimeout }

// LeadRenewal lies between two renewals of the lead: a quarter of LeaderLease,
// so that two may get lost before the leadership does.
func (s Settings) LeadRenewal() time.Duration { return s.LeaderLease / 4 }

// LeadWait is how long the lead must stay unchanged, on a candidate's clock,
// before it may be taken over: nobody believes in it any more by then.
func (s Settings) LeadWait() time.Duration { return s.Wait(s.LeaderLease) }
