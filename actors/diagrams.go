package actors

// Diagrams returns pictures of what runs, as mermaid text by name: the table of
// every actor that has one, and "mail", who speaks to whom. Documents show them,
// and a test compares.
func Diagrams() map[string]string {
	return map[string]string{
		"mail":       mailDiagram,
		"manager":    managerTable.Mermaid(),
		"session":    sessionTable.Mermaid(),
		"holder":     holderTable.Mermaid(),
		"election":   electionTable.Mermaid(),
		"term":       termTable.Mermaid(),
		"watcher":    watcherTable.Mermaid(),
		"poller":     pollerTable.Mermaid(),
		"debouncer":  debouncerTable.Mermaid(),
		"calculator": calculatorTable.Mermaid(),
		"publisher":  publisherTable.Mermaid(),
		"keeper":     keeperTable.Mermaid(),
		"owners":     ownersTable.Mermaid(),
		"refresher":  refresherTable.Mermaid(),
		"historian":  historianTable.Mermaid(),
	}
}

// mailDiagram shows the actors of one worker and the mail that matters. What is said
// to the outside, and by it, is named by the records that it is about.
const mailDiagram = `flowchart TB
    user([your actors]) -- "Subscribe, LetGo, RefreshPartitions, GetOwner, Stop" --> manager
    manager[PartitionManager] -- "AssignmentChanged, StateChanged" --> user
    session -- "SessionStarted, SessionLost" --> manager
    session -- "HoldFor, HoldUntil, Suspend, DropAll" --> holder
    holder -- "Holdings" --> session
    holder -- "AssignmentApplied" --> manager
    holder -- "Revoke" --> partitions([your partition actors])
    election -- "LeaderKnown, LeadershipGained" --> manager
    subgraph term [term: only where the leader is]
        watcher -- "Sighted" --> debouncer
        poller -- "Sighted" --> debouncer
        debouncer -- "WorkersChanged" --> calculator
        debouncer -- "Witnessed" --> publisher
        calculator -- "HandOver" --> publisher
        publisher -- "HandedOver" --> calculator
    end
    election -- "LeadRenewed" --> term
    term -- "TermFailed" --> election
    calculator -- "DecisionStarted, DecisionDone" --> manager
    calculator -- "MakePlan, ListPartitions" --> keeper
    keeper[two keepers] -- "MakePlan" --> strategy([strategy])
    keeper -- "ListPartitions" --> source([source])
    strategy -- "PlanMade" --> calculator
    source -- "PartitionsListed" --> calculator
    manager -- "GetOwner" --> owners
    owners -- "Owner" --> user
    manager -- "RefreshPartitions" --> refresher
    refresher -- "Refreshed" --> user
    manager -- "Inquiry" --> historian
    historian -- "Journal, Because" --> user
    outside[("outside: NATS and the clock")]
    session -- "live: claim, heartbeat, ack" --> outside
    election -- "lead, term" --> outside
    publisher -- "head, asg, journal, live: one fenced batch" --> outside
    outside -- "live" --> session
    outside -- "asg" --> holder
    outside -- "lead, term, head, live" --> election
    outside -- "live" --> watcher
    outside -- "live" --> poller
    outside -- "term, head, asg, live" --> publisher
    outside -- "head, asg" --> owners
    outside -- "head" --> refresher
    outside -- "head, asg, live, journal" --> historian
`
