// Package liberationserifbold stands for a font that no figure of this program draws with.
package liberationserifbold

import "codeberg.org/go-fonts/liberation/liberationserifregular"

// TTF is the data of the upright font.
var TTF = liberationserifregular.TTF
