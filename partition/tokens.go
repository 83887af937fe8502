package partition

// Tokens are what a receiver of effects remembers: of each partition the highest token
// that it has seen. It is for one goroutine at a time.
type Tokens map[PartitionID]Token

// Admit reports whether an effect comes from the latest owner that was heard of. From
// then on no effect of an earlier owner is admitted. What an earlier owner does before
// anything of the latest has arrived is admitted, as nobody can tell; a new owner that
// begins with an effect, however small, ends that.
func (t Tokens) Admit(id PartitionID, token Token) bool {
	if token == 0 || token < t[id] {
		return false
	}
	t[id] = token
	return true
}
