package metrics

// Day is what a number of agents that changes over a day, and things that fail,
// do to service and power.
type Day struct {
	Scenario string    `json:"scenario"`
	Question string    `json:"question,omitempty"`
	Agents   int       `json:"agents"` // the most of the day
	LengthS  float64   `json:"length_s"`
	Times    []DayTime `json:"times"` // in order; between them they are the whole day
	Failures []DayLoss `json:"failures"`

	Peak   DayEnd `json:"peak"`
	Trough DayEnd `json:"trough"`

	ShareHeld  float64   `json:"share_held"` // of the time at which the service level holds
	Turns      float64   `json:"turns"`      // of the whole day
	AgentHours float64   `json:"agent_hours"`
	Energy     DayEnergy `json:"energy"`
	Cost       *DayCost  `json:"cost,omitempty"` // where the scenario gives prices
	Warnings   []string  `json:"warnings,omitempty"`
	Events     uint64    `json:"events"`
	Version    string    `json:"version"`
	WallS      float64   `json:"wall_s"`
}

// DayTime is a span of the day as a window inside it was simulated.
type DayTime struct {
	FromS      float64     `json:"from_s"`
	ToS        float64     `json:"to_s"`
	MeasuredS  float64     `json:"measured_s"` // of simulated time
	Agents     int         `json:"agents"`     // at the end of the window
	Holds      bool        `json:"holds"`      // the service level, by what was measured
	Conditions []Condition `json:"conditions"`
	SpeedP25   *float64    `json:"output_speed_p25"` // tok/s; null = no call had one
	TTFTP95S   *float64    `json:"ttft_p95_s"`
	TurnsPerS  float64     `json:"turns_per_s"`
	Down       int         `json:"accelerators_down"` // out of service with their workers
	Lost       int64       `json:"calls_lost"`        // with workers that failed, and sent again

	AcceleratorW float64 `json:"accelerator_w"`
	ITW          float64 `json:"it_w"`
	FacilityW    float64 `json:"facility_w"`
}

// DayLoss is what a failure did.
type DayLoss struct {
	Of        string   `json:"of"`
	Number    int      `json:"number"`
	AtS       float64  `json:"at_s"`
	RepairS   float64  `json:"repair_s"`
	Down      int      `json:"accelerators_down"` // that stopped with it
	Lost      int64    `json:"calls_lost"`
	Broke     bool     `json:"broke_level"`      // the level held before it, and not after
	AgainS    *float64 `json:"holds_again_s"`    // after it; null = not on that day, or it never broke
	WorstTTFT *float64 `json:"worst_ttft_p95_s"` // of the spans until then
}

// DayEnd is the span of the day with most or fewest agents.
type DayEnd struct {
	AtS       float64 `json:"at_s"`
	Agents    int     `json:"agents"`
	FacilityW float64 `json:"facility_w"`
}

// DayEnergy is that of the whole day within each boundary.
type DayEnergy struct {
	AcceleratorKWh float64 `json:"accelerator_kwh"`
	ITKWh          float64 `json:"it_kwh"`
	FacilityKWh    float64 `json:"facility_kwh"`
	PerAgentHourWh float64 `json:"facility_wh_per_agent_hour"`
}

// DayCost is what the day costs at the scenario's prices.
type DayCost struct {
	Currency     string  `json:"currency,omitempty"`
	Day          float64 `json:"day"`
	PerAgentHour float64 `json:"per_agent_hour"`
}
