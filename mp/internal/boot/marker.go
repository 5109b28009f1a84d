package boot

// parseMarker reads "link,crash,nonce", each a decimal number. strconv is not used: this package must stay a leaf.
func parseMarker(s string) (link, crash uintptr, nonce uint64, ok bool) {
	var fields [3]uint64
	n, digits := 0, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ',' && digits > 0 && n < 2:
			n, digits = n+1, 0
		case '0' <= c && c <= '9' && digits < 20:
			if fields[n] > (1<<64-1-uint64(c-'0'))/10 {
				return 0, 0, 0, false
			}
			fields[n] = fields[n]*10 + uint64(c-'0')
			digits++
		default:
			return 0, 0, 0, false
		}
	}
	const maxHandle = 1<<31 - 1
	if n != 2 || digits == 0 || fields[0] > maxHandle || fields[1] > maxHandle {
		return 0, 0, 0, false
	}
	return uintptr(fields[0]), uintptr(fields[1]), fields[2], true
}

func appendUint(b []byte, n uint64) []byte {
	var digits [20]byte
	i := len(digits)
	for {
		i--
		digits[i] = byte('0' + n%10)
		if n /= 10; n == 0 {
			return append(b, digits[i:]...)
		}
	}
}
