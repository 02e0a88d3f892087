package states

// Reason is why something is not taken, waits or failed: a code that is kept and counted. Its words are in package words.
type Reason string

// What is wrong with a value, wherever it is given.
const (
	ProblemNotText     Reason = "not_text"
	ProblemNotYesNo    Reason = "not_yes_no"
	ProblemNotWhole    Reason = "not_whole"
	ProblemNotATime    Reason = "not_a_time"
	ProblemNotAnAmount Reason = "not_an_amount"
	ProblemBrokenText  Reason = "broken_text" // bytes or escapes that are no text
	ProblemTooLong     Reason = "too_long"
	ProblemNotObject   Reason = "not_an_object"
	ProblemNotList     Reason = "not_a_list"

	ProblemIBAN        Reason = "iban_form"
	ProblemIBANCheck   Reason = "iban_check"
	ProblemEAN         Reason = "ean_form"
	ProblemEANCheck    Reason = "ean_check"
	ProblemEANExcel    Reason = "ean_excel"
	ProblemPostcode    Reason = "postcode_form"
	ProblemPhone       Reason = "phone_form"
	ProblemCoC         Reason = "coc_form"
	ProblemHousenumber Reason = "housenumber_form"
)

// What is wrong with a definition or a setting that a person makes.
const (
	ProblemBetween      Reason = "between"
	ProblemOneOf        Reason = "one_of"
	ProblemTooMany      Reason = "too_many"
	ProblemNeedsOptions Reason = "needs_options"
	ProblemRule         Reason = "rule_unreadable"
	ProblemRuleDepth    Reason = "rule_depth"
	ProblemRuleName     Reason = "rule_name"
)

// What is wrong with an answer.
const (
	ProblemRequired      Reason = "required"
	ProblemNotAnOption   Reason = "not_an_option"
	ProblemInvalidDate   Reason = "invalid_date"
	ProblemInvalidEmail  Reason = "invalid_email"
	ProblemInvalidFormat Reason = "invalid_format"
	ProblemNotAccepted   Reason = "not_accepted"
)

// What keeps a sale from being made into a request for a partner.
const (
	ProblemFlowUnmapped      Reason = "flow_unmapped"
	ProblemFlowGone          Reason = "flow_gone"
	ProblemProductGone       Reason = "product_gone"
	ProblemLoop              Reason = "loop"
	ProblemFlowTransaction   Reason = "flow_transaction"
	ProblemFlowIBAN          Reason = "flow_iban"
	ProblemFlowSignature     Reason = "flow_signature"
	ProblemQuestionUnmapped  Reason = "question_unmapped"
	ProblemQuestionGone      Reason = "question_gone"
	ProblemOptionUnmapped    Reason = "option_unmapped"
	ProblemAgreementUnmapped Reason = "agreement_unmapped"
)

// What is wrong between two set-ups that are mapped to each other.
const (
	ProblemNoMatchingOption Reason = "no_matching_option"
	ProblemDifferentType    Reason = "different_type"
	ProblemNotRequiredHere  Reason = "not_required_here"
	ProblemDifferentCheck   Reason = "different_check"
	ProblemDifferentRule    Reason = "different_rule"
)

// Why a person's data cannot be erased yet: something is done with it.
const (
	ProblemEraseSending      Reason = "erase_sending"
	ProblemEraseAction       Reason = "erase_action_required"
	ProblemEraseUnknown      Reason = "erase_outcome_unknown"
	ProblemEraseCancellation Reason = "erase_cancellation"
	ProblemEraseMail         Reason = "erase_mail"
)

// Why a sale does not qualify.
const (
	ReasonForwardingOff  Reason = "forwarding_off"
	ReasonByHandOnly     Reason = "by_hand_only"
	ReasonStatus         Reason = "status_not_chosen"
	ReasonCondition      Reason = "condition_not_met"
	ReasonConditionKnown Reason = "condition_unknown"
	ReasonErased         Reason = "sale_erased" // its person's data is gone: there is nothing to send
)

// Why a request did not succeed, as operators read it in Temporal and people read it in words. An error's text goes
// nowhere else: it may hold personal data.
const (
	ReasonUnreachable  Reason = "partner_unreachable"
	ReasonDown         Reason = "partner_down" // it failed repeatedly, and is left alone for a while
	ReasonThrottled    Reason = "partner_throttled"
	ReasonRejected     Reason = "partner_rejected"
	ReasonForbidden    Reason = "partner_forbidden"
	ReasonMoved        Reason = "partner_moved"
	ReasonTokenRefused Reason = "token_refused"
	ReasonUnreadable   Reason = "partner_unreadable"
	ReasonUnknown      Reason = "outcome_unknown"
	ReasonConflict     Reason = "partner_conflict"
	ReasonNotFound     Reason = "not_found"
	ReasonUnstorable   Reason = "unstorable" // the database cannot keep a value of it
	ReasonInternal     Reason = "internal"   // ours
	ReasonAway         Reason = "database_away"
	ReasonRestored     Reason = "restored" // an attempt that may have been made in time that a restore lost

	ReasonReceiverUnreachable Reason = "receiver_unreachable" // of a webhook
	ReasonReceiverRefused     Reason = "receiver_refused"
	ReasonMailUnreachable     Reason = "mail_unreachable"
)

// Why nothing is sent over a link.
const (
	ReasonPaused  Reason = "integration_paused"
	ReasonRemoved Reason = "integration_removed"
)

// Why a look at a partner's list does not count.
const (
	ReasonLookCutShort Reason = "look_cut_short"
	ReasonLookUnread   Reason = "look_unread"    // not even the number of a row could be read
	ReasonLookOursGone Reason = "look_ours_gone" // sales of ours that the partner made for certain were not in it
)

// What became of a run that something vanished in.
const (
	ReasonBraked     Reason = "braked"     // so much vanished that it waits for a person
	ReasonSuperseded Reason = "superseded" // a later run asks the same
)
