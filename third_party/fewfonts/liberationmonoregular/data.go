// Package liberationmonoregular stands for a font that no figure of this program draws with.
package liberationmonoregular

import "codeberg.org/go-fonts/liberation/liberationsansregular"

// TTF is the data of the upright font.
var TTF = liberationsansregular.TTF
