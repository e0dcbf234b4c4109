package sweep

import (
	"strconv"

	"agentsim/units"
)

// Show writes a cell of the column for people: 144GB, 20tok/s, 12.5.
func (c Column) Show(cell Cell) string {
	switch {
	case !cell.Known:
		return ""
	case c.Kind == Text:
		return cell.Text
	case c.Kind == Whole:
		return strconv.FormatInt(cell.Whole, 10)
	}
	v := cell.Number
	switch c.Unit {
	case "B":
		return units.Bytes(v).String()
	case "B/s":
		return units.ByteRate(v).String()
	case "FLOPS":
		return units.FLOPRate(v).String()
	case "W":
		return units.Watts(v).String()
	case "J":
		return units.Joules(v).String()
	case "s":
		return units.Seconds(v).String()
	case "tok/s":
		return units.TokenRate(v).String()
	case "J/FLOP":
		return units.JoulesPerFLOP(v).String()
	case "J/B":
		return units.JoulesPerByte(v).String()
	}
	const digits = 5
	return strconv.FormatFloat(v, 'g', digits, 64)
}

// Plain writes a cell of the column for programs: numbers exactly, in the
// column's unit; nothing where there is no value.
func (c Column) Plain(cell Cell) string {
	switch {
	case !cell.Known:
		return ""
	case c.Kind == Text:
		return cell.Text
	case c.Kind == Whole:
		return strconv.FormatInt(cell.Whole, 10)
	}
	return strconv.FormatFloat(cell.Number, 'g', -1, 64)
}
