// French. As in fr.ts, the space before high punctuation is a no-break space (U+00A0).
import type { ReadingStrings } from "./reading-en.ts";

export const reading: ReadingStrings = {
  // Mots
  enter_title: "Revenir avec vos mots",
  enter_hint: "Tapez les 12 mots de votre papier, dans l’ordre, avec une espace entre eux. Majuscules et accents ne comptent pas. Si vous avez des chiffres, tapez-les.",
  enter_label: "Vos mots",
  enter_safe: "Les mots ne quittent jamais ce téléphone, et il n’en reste rien quand vous quittez cette page.",
  count_words: "{n} mots sur {total}",
  count_digits: "{n} chiffres sur {total}",
  unknown: "« {word} » n’est pas dans notre liste.",
  unknown_maybe: "« {word} » n’est pas dans notre liste. Peut-être « {maybe} » ?",
  need_words: "Il faut {total} mots ; il y en a {n}.",
  need_digits: "Il faut {total} chiffres ; il y en a {n}.",
  mismatch: "Quelque chose dans ces mots n’est pas comme sur votre papier. Regardez l’ordre, et chaque mot.",
  lists_missing: "La liste des mots n’a pas pu être chargée. Vérifiez la connexion et réessayez.",
  read: "Lire la réponse",

  // Recherche
  looking_title: "Nous cherchons une réponse",
  looking: "Nous prenons et ouvrons ce qui est là…",
  unread_title: "Nous n’avons pas pu regarder",
  unread_server: "Le serveur n’a pas donné les réponses.",
  unread_kept: "Vos mots sont encore là, sur cette page seulement.",
  unread_next: "Vérifiez la connexion et réessayez.",
  back_to_words: "Retour à mes mots",

  // Réponses
  answers_title: "Ce que la permanence a répondu",
  from_desk: "La permanence",
  unfinished: "La fin de cette réponse n’est pas là.",
  ran_out: "Des réponses plus anciennes ont expiré. Une réponse est gardée {days} jours.",
  kept_days: "Une réponse est gardée {days} jours. Ensuite elle est effacée.",
  unconfirmed_title: "Non confirmé",
  unconfirmed: "Autre chose est arrivé avec vos mots, mais nous n’avons pas pu confirmer que cela vient de la permanence. Nous ne le montrons donc pas. Morceaux : {n}. Demandez à la permanence.",
  none_confirmed: "Aucune réponse que nous ayons pu confirmer",
  none_title: "Pas encore de réponse ici, ou ce sont d’autres mots",
  none_hint: "Nous ne pouvons pas le savoir : vous seul·e connaissez vos mots. Comparez-les avec votre papier. S’ils sont justes, revenez dans quelques jours.",
  none_unsure: "Vous pouvez aussi écrire à la permanence maintenant. Avec d’autres mots que les vôtres, elle ne saura pas de quel signalement il s’agit.",
  check_words: "Revoir mes mots",
  write: "Écrire à la permanence",
  take_back: "Revenir sur ce que j’ai permis",
  finish_hint: "« Terminé » vide cette page. Vos mots restent bons : gardez le papier.",

  // Écrire
  desk_same: "Choisissez la permanence à qui vous avez envoyé votre signalement.",
  write_title: "Écrire à la permanence",
  write_hint: "C’est verrouillé sur ce téléphone. À la page suivante, vous verrez qui peut l’ouvrir.",
  write_label: "Votre message",
  write_need: "Écrivez d’abord quelque chose, ou revenez en arrière.",
  openers_again: "Si vous avez écarté quelqu’un de votre signalement, faites-le ici aussi.",

  // Revenir sur un accord
  take_title: "Sur quoi voulez-vous revenir ?",
  take_hint: "Vous avez peut-être permis certaines de ces choses. Rien ne part avant que vous ayez vu qui peut l’ouvrir.",
  take_this: "Je ne le permets plus",
  take_this_what: "Je ne le permets plus : {what}",
  take_what: "Vous ne permettez plus : {what}",
  take_after: "La permanence arrête quand elle lit ceci. Ce qui est déjà fait ne peut pas être défait.",

  // Envoyé
  sent_title: "C’est arrivé",
  sent_write: "La permanence le lit avec votre signalement. Revenez avec les mêmes mots pour la réponse.",
  sent_keep: "Gardez vos mots. Vous pouvez revenir avec eux aussi souvent que vous voulez.",
  back_to_answers: "Retour aux réponses",
};
