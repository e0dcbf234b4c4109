package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"agentsim/configs"
	"agentsim/experiment"
	"agentsim/metrics"
	"agentsim/report"
)

// expertFlags lets explain look at the placement of experts instead.
func expertFlags(c *cobra.Command) {
	c.Flags().Bool("experts", false, "show where experts lie, how uneven ranks are, and what tokens move")
	c.Flags().String("plot", "", "with --experts: draw the load of each rank into this directory")
}

// explainExperts prints where the experts of a scenario lie.
func (a explainCommands) explainExperts(cmd *cobra.Command, s *configs.Scenario) error {
	if err := a.noCSV(cmd); err != nil {
		return err
	}
	e, err := experiment.ExplainExperts(s)
	if err != nil {
		return err
	}
	if len(e.Pools) == 0 {
		return usageError{fmt.Errorf("--experts: model %s has no experts", s.Model.Name)}
	}
	if dir := a.settings.GetString("plot"); dir != "" {
		if err := a.figures(dir, func() ([]string, error) { return report.ExpertFigures(e, dir) }); err != nil {
			return err
		}
	}
	return a.present(e, func(b *strings.Builder) {
		for i := range e.Pools {
			if i > 0 {
				b.WriteByte('\n')
			}
			expertTable(b, &e.Pools[i], a.style())
		}
	})
}

var errPlotAlone = errors.New("--plot: explain draws figures of --experts only")

func expertTable(b *strings.Builder, p *metrics.ExpertPool, style report.Style) {
	const giga = 1e9
	fmt.Fprintf(b, "%s: %d experts, %d of them for a token, on %d ranks (scale-up domains: %d)\n",
		style.Bold(p.Pool), p.Experts, p.TopK, p.Ranks, p.Domains)
	fmt.Fprintf(b, "  placement   %s for %s popularity, %d slots per rank, %d replicas in the group\n", p.Placement,
		p.Popularity, p.SlotsPerRank, p.Redundant)
	fmt.Fprintf(b, "  memory      %s GB of each accelerator, %s of them for replicas and padding\n",
		report.Significant(p.Memory.Bytes/giga), report.Significant(p.Memory.Redundant/giga))
	fmt.Fprintf(b, "  rebalance   %.0f %% of slots moved: %s GB, %s s\n\n", 100*p.Rebalance.MovedShare,
		report.Significant(p.Rebalance.Bytes/giga), report.Significant(p.Rebalance.Seconds))
	var rows [][]string
	for _, l := range p.Loads {
		rows = append(rows, []string{report.Count(l.Tokens), report.Significant(l.Distinct),
			report.Significant(l.DistinctMax), report.Significant(l.Straggler)})
	}
	header := []string{"tokens of the group", "experts read by a rank", "by the busiest", "its tokens over the mean"}
	b.WriteString(report.Grid(header, rows, 1) + "\n\n")
	if p.Traffic == nil {
		fmt.Fprintf(b, "  exchange    %s\n", exchangeInWords(p.Exchange))
		return
	}
	trafficTable(b, p.Traffic, p.Domains)
}

func exchangeInWords(kind string) string {
	if kind == "gather" {
		return "every rank gathers all tokens: no token is sent to single experts"
	}
	return "none: attention is tensor parallel, so every rank has every token"
}

func trafficTable(b *strings.Builder, t *metrics.ExpertTraffic, domains int) {
	const kilo = 1e3
	fmt.Fprintf(b, "  a token visits %s ranks and %s other domains; %.1f %% of its choices are served in its own\n\n",
		report.Significant(t.RanksPerToken), report.Significant(t.DomainsPerToken), 100*t.LocalShare)
	row := func(name string, inside, across float64) []string {
		return []string{name, report.Significant(inside / kilo), report.Significant(across / kilo)}
	}
	rows := [][]string{
		row("dispatch, a copy per choice", t.Dispatch.Inside, t.Dispatch.Across),
		row("combine, a copy per choice", t.Combine.Inside, t.Combine.Across),
	}
	if domains > 1 {
		rows = append(rows, row("dispatch, a copy per domain", t.Dispatch.InsideDedup, t.Dispatch.AcrossDedup),
			row("combine, a copy per domain", t.Combine.InsideDedup, t.Combine.AcrossDedup))
	}
	b.WriteString(report.Grid([]string{"kB per token and layer", "inside the domain", "across"}, rows, 2) + "\n")
	switch {
	case domains > 1 && t.Deduplicate:
		b.WriteString("  between domains this engine sends a copy per domain\n")
	case domains > 1:
		b.WriteString("  between domains this engine sends a copy per choice\n")
	}
}
