package bridge_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"

	"github.com/nats-io/nats.go"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/partition"
)

// execer is *sql.DB, or better *sql.Tx.
type execer interface {
	ExecContext(ctx context.Context, statement string, args ...any) (sql.Result, error)
}

// book changes a row on behalf of a partition. The row remembers the token of the last
// writer; when a later owner was there, nothing is changed.
func book(ctx context.Context, db execer, o partition.Owned, account string, amount int64) error {
	result, err := db.ExecContext(ctx,
		`UPDATE accounts SET balance = balance + ?, token = ? WHERE account = ? AND token <= ?`,
		amount, int64(o.Token), account, int64(o.Token))
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return fmt.Errorf("account %s: %w", account, bridge.ErrFenced) // or there is no such account
}

// accounts stands where a database would, and does what it does.
type accounts struct{ token, balance int64 }

func (a *accounts) ExecContext(_ context.Context, _ string, args ...any) (sql.Result, error) {
	if amount, token := args[0].(int64), args[1].(int64); a.token <= token {
		a.balance, a.token = a.balance+amount, token
		return driver.RowsAffected(1), nil
	}
	return driver.RowsAffected(0), nil
}

// An effect in an SQL database is fenced by a condition on the row, in the statement
// that changes it.
func ExampleErrFenced() {
	db := &accounts{}
	for _, token := range []partition.Token{4, 9, 4} {
		err := book(context.Background(), db, partition.Owned{ID: "orders", Token: token}, "savings", 100)
		fmt.Println(db.balance, err)
	}
	// Output:
	// 100 <nil>
	// 200 <nil>
	// 200 account savings: a later owner of the partition has written
}

// An effect that is a message carries the token, and its receiver remembers the
// highest of each partition.
func ExampleSetToken() {
	seen := partition.Tokens{} // the receiver's
	for _, owner := range []partition.Owned{{ID: "orders", Token: 4}, {ID: "orders", Token: 9}, {ID: "orders", Token: 4}} {
		m := &nats.Msg{Subject: "invoices"}
		bridge.SetToken(m, owner)
		id, token, err := bridge.TokenOf(m.Header)
		fmt.Println(id, token, err == nil && seen.Admit(id, token))
	}
	// Output:
	// orders 4 true
	// orders 9 true
	// orders 4 false
}
