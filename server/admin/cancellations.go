package admin

// askCancellation asks the partners that have a sale to cancel it.
func (v *visit) askCancellation() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	_, err = v.svc.Sales.RequestCancellation(v.gin.Request.Context(), v.actor, id, v.posted("reason"))
	return v.did(err, v.to("/sales/%d", id), "De partner krijgt het annuleringsverzoek.")
}

func (v *visit) withdrawCancellation() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	_, err = v.svc.Sales.WithdrawCancellation(v.gin.Request.Context(), v.actor, id)
	return v.did(err, v.back(v.to("/sales")), "Het verzoek wordt ingetrokken. Was de partner eerder, dan blijft diens antwoord staan.")
}

func (v *visit) acceptCancellation() error {
	return v.answerCancellation(true, "Aangenomen: de transactie is geannuleerd, ook bij de aanvrager.")
}

func (v *visit) rejectCancellation() error {
	return v.answerCancellation(false, "Afgewezen. De aanvrager ziet je reden.")
}

func (v *visit) answerCancellation(accept bool, said string) error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	_, err = v.svc.Sales.AnswerCancellation(v.gin.Request.Context(), v.actor, id, accept, v.posted("reason"))
	return v.did(err, v.back(v.to("/action-required")), said)
}
