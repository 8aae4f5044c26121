package vault

import (
	"context"
	"fmt"
)

// keptKey is where what was kept of a person's own feed stands among the settings.
func keptKey(person string) []byte { return []byte("own/" + person) }

func (s *boltStore) KeepFeeds(ctx context.Context, feeds map[string][]byte) error {
	const doing = "keeping feeds"
	for person := range feeds {
		if !validPerson(person) {
			return fmt.Errorf("%s: %w: bad person id", doing, ErrMalformed)
		}
	}
	if len(feeds) == 0 {
		return nil
	}
	return s.write(ctx, doing, &op{run: func(t *tx) error {
		for person, b := range feeds {
			if err := t.write(bMeta, keptKey(person), b); err != nil {
				return err
			}
		}
		return nil
	}})
}

func (s *boltStore) KeptFeed(ctx context.Context, person string) (b []byte, err error) {
	err = s.view(ctx, "reading kept feed", func(t *tx) error {
		v := t.get(bMeta, keptKey(person))
		if v == nil {
			return ErrNotFound
		}
		b = clone(v)
		return nil
	})
	return b, err
}
