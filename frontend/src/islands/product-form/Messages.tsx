import { Alert, Button } from "antd";
import { Trouble } from "../../ui/Trouble.tsx";
import { moment } from "../../ui/words.ts";
import { told } from "./refusal.ts";
import type { Form } from "./useForm.ts";
import type { Saving } from "./useSave.ts";

/** The draft of last time, if there is one. */
export function Offer({ form }: { form: Form }) {
  const { offer } = form;
  if (offer === null) {
    return null;
  }
  return (
    <Alert
      type="info"
      showIcon
      title={`You left this form unfinished on ${moment(offer.keptAt)}.`}
      description={offer.values.name}
      action={
        <div className="row">
          <Button onClick={() => form.takeUp(offer)}>Take it up again</Button>
          <Button onClick={() => form.throwAway()}>Throw it away</Button>
        </div>
      }
    />
  );
}

/** What became of the attempt to save, as far as no field can say it. */
export function Result({ saving }: { saving: Saving }) {
  const { error, conflict, saved, savedBefore, reviewError } = saving;
  if (saved && reviewError) {
    return (
      <Alert
        type="warning"
        showIcon
        title="The product is saved. Your answer to the suggestion is not."
        description={reviewError.message}
        action={
          <div className="row">
            <Button onClick={() => saving.answerAgain(saved)}>Try again</Button>
            <Button onClick={() => saving.leave(saved)}>Go to the product</Button>
          </div>
        }
      />
    );
  }
  if (savedBefore) {
    return (
      <Alert
        type="warning"
        showIcon
        title="The product was saved at your first attempt, with what the form said then."
        description="Open it to change the rest."
        action={<Button href={`/products/${savedBefore.id}/edit`}>Open the saved product</Button>}
      />
    );
  }
  // What has its field is told there.
  const sentence = error === null || conflict !== null ? "" : told(error).sentence;
  return sentence === "" ? null : <Trouble error={error} sentence={sentence} />;
}
