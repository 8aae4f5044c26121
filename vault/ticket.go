package vault

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
)

// ticket lets blobs follow a deposit until the end of a day, up to a number of
// bytes in all. It is the store's own word, held by the sender: nothing about
// it is stored.
type ticket struct {
	deposit ID
	last    Day
	quota   uint64
}

const (
	ticketBody = 32 + 4 + 8
	ticketSize = ticketBody + sha256.Size
)

func newTicket(deposit ID, arrived Day) ticket {
	return ticket{deposit: deposit, last: arrived + TicketDays, quota: TicketQuota}
}

func (t ticket) encode(key []byte) string {
	b := append(t.deposit[:], U32(uint32(t.last))...)
	b = append(b, U64(t.quota)...)
	return base64.RawURLEncoding.EncodeToString(append(b, ticketMAC(key, b)...))
}

// parseTicket reads a ticket made with key that is good today. ErrTicket.
func parseTicket(s string, key []byte, today Day) (ticket, error) {
	if len(s) != base64.RawURLEncoding.EncodedLen(ticketSize) {
		return ticket{}, fmt.Errorf("%w: none, or of another length", ErrTicket)
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != ticketSize || !hmac.Equal(ticketMAC(key, b[:ticketBody]), b[ticketBody:]) {
		return ticket{}, fmt.Errorf("%w: not of this store", ErrTicket)
	}
	t := ticket{
		deposit: ID(b[:32]),
		last:    Day(binary.BigEndian.Uint32(b[32:])),
		quota:   binary.BigEndian.Uint64(b[36:]),
	}
	if today > t.last {
		return ticket{}, fmt.Errorf("%w: it ran out on %s", ErrTicket, t.last)
	}
	return t, nil
}

func ticketMAC(key, body []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write(LP("peerwitness/ticket/v1", body))
	return m.Sum(nil)
}
