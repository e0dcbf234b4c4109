package moe
import ("testing";"math/rand/v2";"fmt")
func TestLaw(t *testing.T) {
	r := rand.New(rand.NewPCG(1,2))
	type st struct{n int; worst float64; bad int; ex string}
	var all [4]st
	for range 1500 {
		e := []int{64,128,256,384}[r.IntN(4)]
		g := 2+r.IntN(min(e/3,71)); 
		drift := []float64{0,.2}[r.IntN(2)]
		s := Spec{Experts:e,TopK:1+r.IntN(8),Ranks:g,Domains:1+r.IntN(min(g,4)),Seed:r.Uint64()%5,
			Popularity: Popularity{Kind:Lognormal,Sigma:.3+r.Float64()*.9,Drift:drift},
			Placement: Placement{Kind: []string{EPLB,DomainAware}[r.IntN(2)]}}
		if r.IntN(2)==0 { for e%g!=0 {g--}; s.Ranks=g; s.Domains=1+r.IntN(min(g,4)); for g%s.Domains!=0 {s.Domains--} }
		if s.Validate()!=nil { continue }
		q := s
		q.Placement.Redundant = g*(1+r.IntN(2)) 
		if q.Validate()!=nil {continue}
		even := (e+q.Placement.Redundant)%g==0 && e%g==0 && g%s.Domains==0
		a,b := 0.0,0.0
		for i := range 24 {
			x,_ := SampleLayer(s,i); y,_ := SampleLayer(q,i)
			mx := func(v []float64) float64 {m:=0.0; for _, x := range v {m=max(m,x)}; return m}
			a += mx(x.RankLoad)/24; b += mx(y.RankLoad)/24
		}
		k := 0; if even {k=1}; if drift>0 {k+=2}
		all[k].n++
		if b/a-1 > 1e-6 {all[k].bad++}
		if b/a-1 > all[k].worst { all[k].worst=b/a-1; all[k].ex=fmt.Sprintf("%+v %d %.4f %.4f",s,q.Placement.Redundant,a,b) }
	}
	for _, x := range all { fmt.Printf("%+v\n",x) }
}
