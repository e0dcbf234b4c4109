package sqlite

import (
	"errors"
	"fmt"
)

// errDamaged is wrapped by all errors about what a file holds.
var errDamaged = errors.New("the database seems to be damaged")

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errDamaged, fmt.Sprintf(format, args...))
}
