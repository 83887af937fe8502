package contract

import (
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
)

// T is what a case needs of a test.
type T interface {
	require.TestingT
	// Helper is as in testing.T.
	Helper()
}

// Host is one server, or a cluster of three, with a group of its own. What goes
// wrong in a method fails the test.
type Host interface {
	// Nodes is how many servers there are.
	Nodes() int
	// Stream is what the group's stream has to be.
	Stream(incarnation string) bridge.StreamConfig
	// Prefix is what the subjects of an incarnation begin with.
	Prefix(incarnation string) string
	// Connect opens a connection to the node of this index. If it is lost, or left,
	// the connection moves to another node. The callbacks of the port run within
	// Until. An operation ends after some seconds, whether an answer came or not.
	Connect(node int) bridge.Port
	// Restricted opens a connection that may write the record term and ask what the
	// stream is, and nothing else.
	Restricted(node int) bridge.Port
	// Until lets time go on until done reports true; if that never comes about, the
	// case fails and says what it waited for.
	Until(what string, done func() bool)
	// Pause lets a moment go by.
	Pause()
	// Leader is the index of the node that leads the stream.
	Leader() int
	// StepDown makes another node lead the stream.
	StepDown()
	// Isolate cuts a node off from the others. Nobody is told.
	Isolate(node int)
	// Cut cuts a node off from its clients. Nobody is told.
	Cut(node int)
	// Heal makes all links whole again.
	Heal()
	// Stop ends a node, as if its process had ended.
	Stop(node int)
	// Start starts a stopped node again, with the store it had, or with none.
	Start(node int, empty bool)
	// Delete deletes the stream, as an administrator.
	Delete()
}

// Case is one belief.
type Case struct {
	// Name begins with the number.
	Name string
	// Harm says that it stops, isolates or unseats nodes, so that answers get lost and
	// the host should not be used again, Cluster that it needs three nodes.
	Harm, Cluster bool
	run           func(b *bench)
}

// Run states the belief about a host.
func (c Case) Run(t T, h Host) {
	t.Helper()
	c.run(&bench{T: t, Host: h, in: first})
}

// Cases returns those that a host with so many nodes can show.
func Cases(nodes int) []Case {
	var fit []Case
	for _, c := range cases {
		if nodes == 3 || !c.Cluster {
			fit = append(fit, c)
		}
	}
	return fit
}

var cases = []Case{
	{Name: "N1_AWriteIsFencedOnAnotherSubject", run: contractN1Fence},
	{Name: "N1_AFenceEndsWithItsStream", run: contractN1InsideOneStream},
	{Name: "N1_AFenceOnAFilterIsOnItsNewest", run: contractN1Filter},
	{Name: "N2_ABatchLandsWholeOrNotAtAll", run: contractN2Batch},
	{Name: "N2_ABatchHasALimit", run: contractN2Limit},
	{Name: "N2_ABatchIsCheckedWhenItLands", run: contractN2Takeover},
	{Name: "N3_AFenceOnTermOutlivesRenewalsOfLead", run: contractN3Fence},
	{Name: "N4_ARefusalSaysWhatIsThere", run: contractN4Refusals},
	{Name: "N4_FencedWritesAtOnceAreInDoubt", run: contractN4InFlight},
	{Name: "N4_WithoutAMajorityNothingIsKnown", Harm: true, Cluster: true, run: contractN4NoQuorum},
	{Name: "N5_ZombiesGetNothingIn", Harm: true, run: contractN5Zombies},
	{Name: "N5_AnIsolatedLeaderAcknowledgesNothing", Harm: true, Cluster: true, run: contractN5Isolated},
	{Name: "N6_ARecreatedStreamRefusesTheFormerIncarnation", run: contractN6Recreated},
	{Name: "N6_OneCreationCounts", run: contractN6Race},
	{Name: "N6_AStoreThatIsLostIsNoStream", Harm: true, run: contractN6Lost},
	{Name: "N8_AReadAuthorisesNothing", run: contractN8Authorises},
	{Name: "N8_ACutOffServerAnswersTheOld", Harm: true, Cluster: true, run: contractN8CutOff},
	{Name: "N9_AfterARestartAWatchIsBegunAgain", Harm: true, run: contractN9Restart},
	{Name: "N9_AnElectionHidesNothing", Harm: true, run: contractN9Election},
	{Name: "N9_AWatchNeverTellsOfTheNextIncarnation", run: contractN9Recreated},
	{Name: "N10_AWatchTellsWhatExistsThenWhatChanges", run: contractN10Pass},
	{Name: "N10_AWatchOfNothingIsSyncedAtOnce", run: contractN10Nothing},
	{Name: "N11_WithoutCreditOnlyTheNewestIsKept", run: contractN11Newest},
	{Name: "N12_TheStreamIsWhatItWasMadeToBe", run: contractN12Config},
	{Name: "N13_AMessageAboveTheLimitIsRefused", run: contractN13Limit},
	{Name: "N14_WhatIsNotPermittedIsDenied", run: contractN14Denied},
	{Name: "N15_AnIsolatedFollowerKnowsNothing", Harm: true, Cluster: true, run: contractN15Follower},
	{Name: "N15_AClientWhoseLinkIsCutCanMove", Harm: true, run: contractN15Link},
	{Name: "N16_AWatchTellsOnlyItsKeys", run: contractN16Filter},
}
