package review_test

import (
	gosync "sync"
	"testing"

	"peerwitness/review/reviewtest"
	"peerwitness/vault"
)

// attack 31: a backup from before an erasure is restored, and a workstation that
// did not hear of the erasure puts back at the same time as two that did. The
// statement stands, and nothing of the case is on the server in the end.
func TestAttack31ErasedBeforeTheRestore(t *testing.T) {
	o := reviewtest.New(t)
	nino, ana, old := sitDown(o, o.Nino), sitDown(o, o.Ana), sitDown(o, o.Ana)
	keep := o.Send("street", nil)
	early := o.Backup() // nothing of the case is in it
	_, blobs, id := erasable(t, o, nino.Workstation)
	middle := o.Backup() // a part of it is
	p := propose(t, nino.Workstation, id)
	whole := o.Backup() // but for the last word
	sync(t, ana.Workstation)
	sync(t, old.Workstation)
	thief := ciphertexts(t, o.Store, id, blobs)
	old.shut()
	ok(t, ana.Agree(ctx, id, p))
	sync(t, nino.Workstation)
	isErased(t, nino.Workstation, id)
	isErased(t, ana.Workstation, id)

	for i, backup := range [][]byte{whole, middle, early} { // one restore after the other
		seats := []*seat{nino, ana, old}
		if i > 0 {
			seats = seats[:2]
		}
		for _, s := range seats {
			if s.Workstation != nil {
				s.shut()
			}
		}
		o.RestoreFrom(backup)
		var all gosync.WaitGroup
		for _, s := range seats {
			s.open(nil)
			all.Go(func() {
				if err := s.PutBack(ctx, nil); err != nil {
					t.Errorf("restore %d: putting back: %v", i, err)
				}
			})
		}
		all.Wait()
		if n := lies(t, old.dir, thief); i == 0 && n == 0 {
			t.Error("the old laptop has nothing of it: this test sees nothing")
		}
		for _, s := range seats {
			if v := s.View(); v.Anew == nil || !v.Anew.Ready || len(v.Anew.Aside) > 0 {
				t.Errorf("restore %d: after it: %+v", i, v.Anew)
			}
			s.again()
			sync(t, s.Workstation)
			isErased(t, s.Workstation, id)
			find(t, s.Workstation, keep.Deposit)
		}
		ok(t, o.Store.Check(ctx))
	}
	old.again() // compacts
	old.shut()
	if n := lies(t, old.dir, thief); n > 0 {
		t.Errorf("%d of %d parts lie in the old laptop's folder", n, len(thief))
	}
	o.Stop()
	ok(t, vault.CompactBolt(o.StoreDir))
	if n := lies(t, o.StoreDir, thief); n > 0 {
		t.Errorf("%d of %d parts lie in the server's folder", n, len(thief))
	}
}
