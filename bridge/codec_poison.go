package bridge

import (
	"fmt"
	"time"

	"github.com/troupe-actors/troupe/partition"
	pb "github.com/troupe-actors/troupe/proto/troupepb"
)

func poisonToProto(list []partition.Poison) (out []*pb.Poison) {
	for _, p := range list {
		row := &pb.Poison{Partition: string(p.Partition), Token: uint64(p.Token), LeftNs: int64(p.Left)}
		keep(row, p.Kept)
		out = append(out, row)
	}
	return out
}

// poisonFromProto refuses a quarantine that nobody can set: instants are computed from it.
func poisonFromProto(list []*pb.Poison) (out []partition.Poison, err error) {
	for _, p := range list {
		left := time.Duration(p.GetLeftNs())
		if left < 0 || left > partition.MaxDuration {
			return nil, fmt.Errorf("left_ns of %s is %d; must be 0 to %d", printable(p.GetPartition()), left, partition.MaxDuration)
		}
		out = append(out, partition.Poison{
			Partition: partition.PartitionID(p.GetPartition()), Token: partition.Token(p.GetToken()), Left: left, Kept: kept(p),
		})
	}
	return out, nil
}
