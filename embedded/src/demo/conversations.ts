/** What the demo plays: a knowledge base of a bank's support desk and the conversations that people have with it. */
export interface DemoDocument {
  readonly documentId: string;
  readonly title: string;
  readonly text: string;
}

export interface DemoConversation {
  readonly name: string;
  readonly messages: readonly DemoMessage[];
}

export interface DemoMessage {
  readonly text: string;
  /** The personal values in `text`, each to be searched for on its own beside the whole text. */
  readonly personal: readonly string[];
}

export const demoDocuments: readonly DemoDocument[] = [
  {
    documentId: "card-delivery",
    title: "Card delivery",
    text: "A new debit card arrives within five working days. If it has not arrived after ten working days, we block it and send a replacement free of charge. The tracking number is in the app under Cards.",
  },
  {
    documentId: "refunds",
    title: "Refunds and disputed payments",
    text: "A card payment can be disputed within 120 days. A refund from a merchant takes three to seven working days to show on the account. Disputed amounts are credited provisionally while we investigate.",
  },
  {
    documentId: "transfers",
    title: "International transfers",
    text: "A SEPA transfer to an IBAN in the euro area arrives the next working day. Transfers in other currencies take up to four working days and cost 0.5 percent of the amount.",
  },
  {
    documentId: "access",
    title: "Signing in and lost devices",
    text: "When a phone is lost, sign out all devices from the web page and register the new phone with a video call. An API key that was shown to anybody else must be revoked in the developer settings at once.",
  },
  {
    documentId: "contact-details",
    title: "Changing contact details",
    text: "To change a phone number or an e-mail address we confirm the old one first. A change of name needs a copy of the new identity document.",
  },
];

export const demoConversations: readonly DemoConversation[] = [
  {
    name: "a card that did not arrive",
    messages: [
      {
        text: "Hello, my name is Marisol Quintanilla. My new debit card 4556 7375 8689 9855 has not arrived, how long does it take?",
        personal: ["Marisol Quintanilla", "4556 7375 8689 9855"],
      },
      {
        text: "Please write to marisol.quintanilla@example.org or call +1 415 555 2671 when the replacement card is sent.",
        personal: ["marisol.quintanilla@example.org", "+1 415 555 2671"],
      },
      {
        text: "One more thing: Quintanilla's old card was lost. What happens if a card has not arrived after ten working days?",
        personal: ["Quintanilla"],
      },
    ],
  },
  {
    name: "a payment to dispute",
    messages: [
      {
        text: "This is Thaddeus Okonkwo, SSN 536-90-4399. I don't recognise a card payment, can it be disputed?",
        personal: ["Thaddeus Okonkwo", "536-90-4399"],
      },
      {
        text: "The refund should go to DE89 3704 0044 0532 0130 00. How long does a refund take to show?",
        personal: ["DE89 3704 0044 0532 0130 00"],
      },
      {
        text: "THADDEUS OKONKWO again. Is the disputed amount credited while you investigate?",
        personal: ["THADDEUS OKONKWO"],
      },
    ],
  },
  {
    name: "a lost phone and a leaked key",
    messages: [
      {
        text: "Annelise Bergström here. I lost my phone and someone signed in from 203.0.113.77, how do I sign out all devices?",
        personal: ["Annelise Bergström", "203.0.113.77"],
      },
      {
        text: "I also pasted my API key AKIAIOSFODNN7EXAMPLE into a chat at https://forum.example.net/t/88213. What must I do with the key?",
        personal: ["AKIAIOSFODNN7EXAMPLE", "https://forum.example.net/t/88213"],
      },
      {
        text: "Thanks. Can Annelise change the phone number to +44 20 7946 0958 today?",
        personal: ["Annelise", "+44 20 7946 0958"],
      },
    ],
  },
];
